// The hand-written yardstick: node:http and the checks of report_usage, in memory, nothing durable.
// Usage: node minimal.mjs <port>
import { createServer } from 'node:http';
import { payloadHash } from './payload-hash.mjs';
import { validate } from './request-validator.mjs';
import { store } from './usage-store.mjs';

const callers = new Map([[`Bearer ${process.env.BENCHMARK_KEY}`, 'buyer']]);
const keyForm = /^[A-Za-z0-9_.:-]{16,255}$/;
const answered = new Map();

const server = createServer((request, response) => {
  if (request.url === '/health/ready') return answer(response, 200, { status: 'ready' });
  if (request.method !== 'POST' || request.url !== '/adcp/report_usage') return answer(response, 404, {});
  const caller = callers.get(request.headers.authorization);
  if (!caller) return refuse(response, 401, 'AUTH_INVALID', 'terminal');

  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => reportUsage(caller, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), response));
});

function reportUsage(caller, bytes, response) {
  let request;
  try {
    request = JSON.parse(bytes.toString('utf8'));
  } catch {
    return refuse(response, 400, 'INVALID_REQUEST', 'correctable');
  }
  // Schema before key: a malformed request must not reveal whether its key is known.
  if (!validate(request)) return refuse(response, 400, 'VALIDATION_ERROR', 'correctable', request.context);
  if (!keyForm.test(request.idempotency_key)) return refuse(response, 400, 'INVALID_REQUEST', 'correctable', request.context);

  const scope = `${caller}\n${request.idempotency_key}`;
  const hash = payloadHash(request);
  const earlier = answered.get(scope);
  if (earlier === undefined) {
    const accepted = store(request);
    answered.set(scope, { hash, accepted });
    return answer(response, 200, { status: 'completed', accepted, context: request.context, adcp_version: '3.1' });
  }
  if (earlier.hash !== hash) return refuse(response, 409, 'IDEMPOTENCY_CONFLICT', 'correctable', request.context);
  return answer(response, 200, { status: 'completed', accepted: earlier.accepted, replayed: true, context: request.context, adcp_version: '3.1' });
}

function refuse(response, status, code, recovery, context) {
  const error = { code, message: code, recovery };
  answer(response, status, { status: 'failed', accepted: 0, errors: [error], adcp_error: error, context, adcp_version: '3.1' });
}

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

server.listen(Number(process.argv[2]), '127.0.0.1');
