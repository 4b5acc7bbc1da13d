// `adcp grade request-signing`, with keys and key names of its own: those in its vectors are published, and a ledger takes them from nobody.
// Usage: {"do":"keys"} tells private keys under the names the vectors use; {"do":"grade", url, keys, digest} tells a line for each vector.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { task, tell } from './task.mjs';

const sdk = 'node_modules/@adcp/sdk';
const version = readFileSync(join(sdk, 'ADCP_VERSION'), 'utf8').trim();
const vectors = join('test-vectors', 'request-signing');
const published = JSON.parse(readFileSync(join(sdk, 'compliance', 'cache', version, vectors, 'keys.json'), 'utf8')).keys;

if (task.do === 'keys') published.forEach(key => tell(mint(key)));
else grade();

function mint({ kid, kty, $comment, _private_d_for_test_only, ...named }) {
  const pair = kty === 'OKP' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid: renamed(kid), ...named, ...pair.privateKey.export({ format: 'jwk' }) };
}

function renamed(text) {
  return published.reduce((left, { kid }) => left.replaceAll(kid, kid.replace('test-', 'graded-')), text);
}

function grade() {
  const folder = mkdtempSync(join(tmpdir(), 'adcp-vectors-'));
  try {
    cpSync(join(sdk, 'compliance', 'cache', version), folder, { recursive: true });
    const minted = task.keys.map(({ d, ...open }) => ({ ...open, _private_d_for_test_only: d }));
    writeFileSync(join(folder, vectors, 'keys.json'), JSON.stringify({ keys: minted }));
    const kits = join(folder, 'test-kits');
    const files = [join(folder, vectors, 'positive'), join(folder, vectors, 'negative'), kits].flatMap(f => readdirSync(f).map(name => join(f, name)));
    files.forEach(file => rewrite(file, text => toLedger(renamed(text))));
    run(folder).forEach(tell);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// The vectors call a tool that a ledger does not have: the verifier is asked about one it does. And most are for a verifier to which a
// digest may be covered or not: for one that demands it they are signed with one, so that what each is about is reached.
// `positive/001-basic-post` is about a signature without, and stays as it is; so do those of which the runner asks its own verifier.
function toLedger(text) {
  const called = text.replaceAll('create_media_buy', 'report_usage');
  return called.includes('no content-digest coverage"') || called.includes('"jwks_override"') ? called : called.replace('"covers_content_digest": "either"', `"covers_content_digest": "${task.digest}"`);
}

function rewrite(file, change) {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

function run(folder) {
  const options = ['--transport', 'mcp', '--allow-http', '--json', '--covers-content-digest', task.digest, '--skip-rate-abuse'];
  const ran = spawnSync(process.execPath, [join(sdk, 'bin', 'adcp.js'), 'grade', 'request-signing', task.url, ...options], { env: { ...process.env, ADCP_COMPLIANCE_DIR: folder }, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ran.status !== 0 && ran.status !== 1) throw new Error(`The grader ended with ${ran.status}: ${ran.stderr}`);
  const { positive, negative } = JSON.parse(ran.stdout);
  return [...positive, ...negative].map(v => ({
    vector: `${v.kind}/${v.vector_id}`,
    outcome: v.skipped ? 'skipped' : v.passed ? 'passed' : `failed: ${v.http_status} ${v.actual_error_code ?? v.diagnostic.match(/error="([a-z_]+)" —/)?.[1] ?? ''}`.trim(),
    told: v.skip_reason ?? v.diagnostic ?? '',
  }));
}
