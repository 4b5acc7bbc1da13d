// The webhook emitter of @adcp/sdk, as a seller runs it: one JSON order a line on standard input, one JSON answer a line.
//   {"keys":["ed25519","es256"]}  makes key pairs that this process keeps, and answers their public halves by name
//   {"url","payload","idempotency_key","sign_with","authentication","tag","tamper","times"}  delivers, and answers what the emitter tells
// What is tampered with happens between emitter and network, as a proxy in between would do it.
import { createHash, generateKeyPairSync } from "node:crypto";
import { createInterface } from "node:readline";
import { createPinAndBindFetch, createWebhookEmitter, LOOPBACK_OK_WEBHOOK_SSRF_POLICY } from "@adcp/sdk/server";

// The SDK's guard against private addresses, with its own documented preset for a receiver on this machine.
const guarded = createPinAndBindFetch({ policy: LOOPBACK_OK_WEBHOOK_SSRF_POLICY });
const kinds = {
  ed25519: { alg: "ed25519", jose: "EdDSA", pair: () => generateKeyPairSync("ed25519") },
  es256: { alg: "ecdsa-p256-sha256", jose: "ES256", pair: () => generateKeyPairSync("ec", { namedCurve: "P-256" }) },
};
const signers = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  console.log(JSON.stringify(order.keys ? make(order.keys) : await deliver(order)));
}

/** A name is the kind and, behind a dash, whose: two of the same kind share their kid, so that one can pose as the other. */
function make(names) {
  return Object.fromEntries(names.map((name) => {
    const kind = name.split("-")[0];
    const jwk = kinds[kind].pair().privateKey.export({ format: "jwk" });
    signers.set(name, { keyid: `seller-${kind}`, alg: kinds[kind].alg, privateKey: jwk });
    const { d, ...half } = jwk;
    return [name, { kid: `seller-${kind}`, alg: kinds[kind].jose, use: "sig", key_ops: ["verify"], adcp_use: "webhook-signing", ...half }];
  }));
}

async function deliver({ url, payload, idempotency_key, sign_with, authentication, tag, tamper, times = 1 }) {
  let sent;
  const emitter = createWebhookEmitter({
    signerKey: signers.get(sign_with),
    generateIdempotencyKey: () => idempotency_key,
    retries: { maxAttempts: 2, initialDelayMs: 0 },
    suppressLegacyWarnings: true,
    tag,
    fetch: async (to, init) => {
      sent ??= tampered(to, init, tamper);
      return guarded(sent.to, sent.init);
    },
  });
  let told;
  for (let i = 0; i < times; i++) told = await emitter.emit({ url, payload, operation_id: payload.operation_id, authentication });
  return told;
}

function tampered(to, { method, headers, body }, tamper) {
  const name = (wanted) => Object.keys(headers).find((header) => header.toLowerCase() === wanted);
  const change = (wanted, by) => { headers[name(wanted)] = by(headers[name(wanted)]); };
  switch (tamper) {
    case undefined: break;
    case "body byte": body = body.replace('"spend":50000', '"spend":60000'); break;
    case "body byte and digest":
      body = body.replace('"spend":50000', '"spend":60000');
      change("content-digest", () => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`);
      break;
    case "content type": change("content-type", (value) => `${value}; charset=utf-8`); break;
    case "signature": change("signature", (value) => value.replace(/=:(.)/, (_, first) => `=:${first === "A" ? "B" : "A"}`)); break;
    case "nonce": change("signature-input", (value) => value.replace(/nonce="(.)/, (_, first) => `nonce="${first === "A" ? "B" : "A"}`)); break;
    case "expiry": change("signature-input", (value) => value.replace(/expires=(\d+)/, (_, at) => `expires=${Number(at) + 1}`)); break;
    case "kid": change("signature-input", (value) => value.replace('keyid="', 'keyid="not-')); break;
    case "no signature": delete headers[name("signature")]; break;
    case "other address": to = `${to}?other`; break;
    case "hmac": change("x-adcp-signature", (value) => value.replace(/=(.)/, (_, first) => `=${first === "0" ? "1" : "0"}`)); break;
    case "hmac scheme": change("x-adcp-signature", (value) => value.replace("sha256", "sha512")); break;
    case "timestamp": change("x-adcp-timestamp", (value) => `${Number(value) - 1}`); break;
    case "old timestamp": change("x-adcp-timestamp", (value) => `${Number(value) - 400}`); break;
    default: throw new Error(`Nobody knows how to tamper with: ${tamper}`);
  }
  return { to, init: { method, headers, body } };
}
