import { createHash } from 'node:crypto';

// AdCP security, "Idempotency": the closed list of what a payload hash leaves out
// (push_notification_config.authentication.credentials does not occur in this task).
const excluded = new Set(['idempotency_key', 'context', 'governance_context']);

/** SHA-256 of the RFC 8785 form of a request, less the excluded members. */
export function payloadHash(request) {
  const counted = {};
  for (const name of Object.keys(request)) if (!excluded.has(name)) counted[name] = request[name];
  return createHash('sha256').update(canonical(counted)).digest('base64');
}

/** RFC 8785: members sorted by UTF-16 code unit, numbers and strings as ECMAScript writes them. */
export function canonical(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += (text ? ',' : '') + canonical(item);
    return `[${text}]`;
  }
  for (const name of Object.keys(value).sort()) {
    text += (text ? ',' : '') + JSON.stringify(name) + ':' + canonical(value[name]);
  }
  return `{${text}}`;
}
