// The hand-written yardstick: node:http and the checks of report_usage, in memory, nothing durable.
// It serves the task as a plain route and as a tool at /mcp. Usage: node minimal.mjs <port>
import { createServer } from 'node:http';
import { payloadHash } from './payload-hash.mjs';
import { validate } from './request-validator.mjs';
import { store } from './usage-store.mjs';

const callers = new Map([[`Bearer ${process.env.BENCHMARK_KEY}`, 'buyer']]);
const keyForm = /^[A-Za-z0-9_.:-]{16,255}$/;
const answered = new Map();
const routes = { '/adcp/report_usage': plain, '/mcp': mcp };

const server = createServer((request, response) => {
  if (request.url === '/health/ready') return answer(response, 200, { status: 'ready' });
  const route = routes[request.url];
  if (request.method !== 'POST' || !route) return answer(response, 404, {});
  const caller = callers.get(request.headers.authorization);
  if (!caller) return answer(response, 401, refusal('AUTH_INVALID', 'terminal'));

  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    let message;
    try {
      message = JSON.parse((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).toString('utf8'));
    } catch {
      return answer(response, 400, refusal('INVALID_REQUEST', 'correctable'));
    }
    route(caller, message, response);
  });
});

function plain(caller, request, response) {
  const [status, body] = reportUsage(caller, request);
  answer(response, status, body);
}

function mcp(caller, message, response) {
  const { jsonrpc, id, method, params } = message;
  const reply = result => answer(response, 200, { jsonrpc: '2.0', id, result });
  const fail = (code, text) => answer(response, 200, { jsonrpc: '2.0', id, error: { code, message: text } });
  if (jsonrpc !== '2.0') return answer(response, 400, { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'Invalid request' } });
  if (method === 'initialize') return reply({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'yardstick', version: '1.0.0' } });
  if (method !== 'tools/call') return fail(-32601, 'Method not found');
  if (params?.name !== 'report_usage') return fail(-32602, 'There is no such tool');
  const [status, envelope] = reportUsage(caller, params.arguments ?? {});
  reply({ content: [{ type: 'text', text: JSON.stringify(envelope) }], structuredContent: envelope, isError: status === 200 ? undefined : true });
}

function reportUsage(caller, request) {
  // Schema before key: a malformed request must not reveal whether its key is known.
  if (!validate(request)) return [400, refusal('VALIDATION_ERROR', 'correctable', request.context)];
  if (!keyForm.test(request.idempotency_key)) return [400, refusal('INVALID_REQUEST', 'correctable', request.context)];

  const scope = `${caller}\n${request.idempotency_key}`;
  const hash = payloadHash(request);
  const earlier = answered.get(scope);
  if (earlier === undefined) {
    const accepted = store(request);
    answered.set(scope, { hash, accepted });
    return [200, { status: 'completed', accepted, context: request.context, adcp_version: '3.1' }];
  }
  if (earlier.hash !== hash) return [409, refusal('IDEMPOTENCY_CONFLICT', 'correctable', request.context)];
  return [200, { status: 'completed', accepted: earlier.accepted, replayed: true, context: request.context, adcp_version: '3.1' }];
}

function refusal(code, recovery, context) {
  const error = { code, message: code, recovery };
  return { status: 'failed', accepted: 0, errors: [error], adcp_error: error, context, adcp_version: '3.1' };
}

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

server.listen(Number(process.argv[2]), '127.0.0.1');
