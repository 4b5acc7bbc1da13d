// The webhook yardstick: node:http and the verifiers of @adcp/sdk, replay store and dedup in memory, nothing durable.
// Usage: node webhooks.mjs <port>; BENCHMARK_KEY is the HMAC secret, BENCHMARK_JWKS the signer's public keys or empty.
import { createServer } from 'node:http';
import { AgentClient } from '@adcp/sdk';
import { createWebhookVerifier, InMemoryReplayStore, StaticJwksResolver } from '@adcp/sdk/signing/server';

const client = new AgentClient({ id: 'seller', name: 'seller', agent_uri: 'https://seller.example/mcp', protocol: 'mcp' }, { webhookSecret: process.env.BENCHMARK_KEY });
const verify = createWebhookVerifier({
  jwks: new StaticJwksResolver(JSON.parse(process.env.BENCHMARK_JWKS || '{"keys":[]}').keys),
  // Its default of 100,000 nonces a key would end a long run.
  replayStore: new InMemoryReplayStore({ maxEntriesPerKeyid: 10_000_000 }),
});
const signed = process.env.BENCHMARK_JWKS !== '';
const known = new Set();
const delivered = new Map();

const server = createServer((request, response) => {
  if (request.url === '/health/ready') return answer(response, 200, 'ready');
  if (request.method !== 'POST' || request.url !== '/hooks/benchmark') return answer(response, 404, 'not_found');
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => take(request, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), response));
});

async function take(request, bytes, response) {
  const body = bytes.toString('utf8');
  if (signed) {
    try {
      await verify({ method: request.method, url: `https://${request.headers.host}${request.url}`, headers: request.headers, body });
    } catch (refused) {
      return answer(response, 401, refused.code ?? 'fault');
    }
  } else if (!client.verifyWebhookSignature(body, request.headers['x-adcp-signature'] ?? '', request.headers['x-adcp-timestamp'] ?? '')) {
    return answer(response, 401, 'webhook_signature_invalid');
  }

  const envelope = JSON.parse(body);
  if (known.has(envelope.idempotency_key)) return answer(response, 200, 'duplicate');
  known.add(envelope.idempotency_key);
  const { start, end } = envelope.result.reporting_period;
  for (const row of envelope.result.media_buy_deliveries) delivered.set(`${row.media_buy_id}|${start}|${end}`, row);
  answer(response, 200, 'accepted');
}

function answer(response, status, word) {
  const text = `{"status":"${word}"}`;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length });
  response.end(text);
}

// Connections rest while the next webhooks are signed.
server.keepAliveTimeout = 0;
server.listen(Number(process.argv[2]), '127.0.0.1');
