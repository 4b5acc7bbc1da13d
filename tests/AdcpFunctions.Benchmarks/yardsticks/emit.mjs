// Delivery webhooks as @adcp/sdk's own emitter makes them, written down instead of sent.
// Usage: node emit.mjs keys <hmac|ed25519|es256>   prints private keys as a JSON array
//        node emit.mjs write <file>                the order on standard input; each request as four bytes of length and its bytes
import { generateKeyPairSync } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';
import { createWebhookEmitter } from '@adcp/sdk/server';

const kinds = {
  ed25519: { pair: () => generateKeyPairSync('ed25519'), alg: 'ed25519', jose: 'EdDSA' },
  es256: { pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), alg: 'ecdsa-p256-sha256', jose: 'ES256' },
};

if (process.argv[2] === 'keys') keys(process.argv[3]);
else await write(JSON.parse(readFileSync(0, 'utf8')), process.argv[3]);

// Four of them, so that no store meets its cap of nonces a key.
function keys(mode) {
  const made = Array.from({ length: mode === 'hmac' ? 0 : 4 }, (_, i) => ({
    kid: `bench-${mode}-${i}`, alg: kinds[mode].jose, use: 'sig', key_ops: ['verify'], adcp_use: 'webhook-signing',
    ...kinds[mode].pair().privateKey.export({ format: 'jwk' }),
  }));
  console.log(JSON.stringify(made));
}

async function write({ mode, keys, secret, origin, path, count, first, run, mediaBuys, buyPrefix, period }, file) {
  const output = openSync(file, 'w');
  const { host } = new URL(origin);
  let pieces = [];
  let idempotencyKey = '';
  const capture = async (_, { headers, body }) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const request = Buffer.from(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const length = Buffer.alloc(4);
    length.writeInt32LE(request.length);
    pieces.push(length, request);
    return { status: 200, headers: new Map() };
  };
  const emitters = (mode === 'hmac' ? [{ kid: 'unused', d: '' }] : keys).map(jwk => createWebhookEmitter({
    signerKey: { keyid: jwk.kid, alg: kinds[mode]?.alg ?? 'ed25519', privateKey: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, d: jwk.d } },
    generateIdempotencyKey: () => idempotencyKey,
    idempotencyKeyStore: { get: () => undefined, set: () => {} },
    retries: { maxAttempts: 1 },
    suppressLegacyWarnings: true,
    fetch: capture,
  }));
  const authentication = mode === 'hmac' ? { type: 'hmac_sha256', secret } : null;

  for (let i = 0; i < count; i++) {
    const number = first + i;
    idempotencyKey = `evt-${run}-${String(number).padStart(12, '0')}`;
    const payload = delivery(number, `${buyPrefix}${String(number % mediaBuys).padStart(6, '0')}`, period);
    const sent = await emitters[i % emitters.length].emit({ url: origin + path, payload, operation_id: payload.operation_id, authentication });
    if (!sent.delivered) throw new Error(sent.errors.join('; '));
    if (pieces.length >= 2048) flush();
  }
  flush();

  function flush() {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    for (let at = 0; at < bytes.length;) at += writeSync(output, bytes, at);
  }
}

/** A day's provisional report of one media buy with one package. */
function delivery(number, mediaBuy, period) {
  const impressions = 1_000_000 + number * 7_919 % 8_999_999;
  const spend = impressions / 100;
  const clicks = Math.floor(impressions / 500);
  return {
    operation_id: `reporting_${mediaBuy}`,
    task_id: `delivery_${mediaBuy}`,
    task_type: 'media_buy_delivery',
    status: 'completed',
    timestamp: new Date().toISOString(),
    message: 'Scheduled delivery report',
    result: {
      notification_type: 'scheduled',
      sequence_number: 1 + number % 1000,
      next_expected_at: '2026-12-01T06:00:00Z',
      reporting_period: period,
      currency: 'USD',
      media_buy_deliveries: [{
        media_buy_id: mediaBuy,
        status: 'active',
        totals: { impressions, spend, clicks, ctr: 0.002 },
        by_package: [{
          package_id: 'pkg_1', impressions, spend, clicks, is_final: false,
          pricing_model: 'cpm', rate: 10, currency: 'USD', pacing_index: 1.02, delivery_status: 'delivering',
        }],
      }],
    },
  };
}
