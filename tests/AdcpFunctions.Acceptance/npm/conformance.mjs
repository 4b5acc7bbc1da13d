// The server scenarios of @modelcontextprotocol/conformance, all of them; a line for each, with the checks that failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { task, tell } from './task.mjs';

const folder = mkdtempSync(join(tmpdir(), 'mcp-conformance-'));
try {
  const suite = 'node_modules/@modelcontextprotocol/conformance/dist/index.js';
  const ran = spawn(process.execPath, ['--import', './fs-glob.mjs', suite, 'server', '--url', task.url, '--suite', 'all', '-o', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  await new Promise(ended => ran.on('close', ended));
  // Each scenario has a folder: server-<scenario>-<time>.
  for (const name of readdirSync(folder).sort()) {
    const checks = JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8'));
    const failed = checks.filter(c => c.status === 'FAILURE' || c.status === 'WARNING');
    tell({
      scenario: name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, ''),
      outcome: checks.some(c => c.status === 'FAILURE') ? 'failed' : checks.some(c => c.status === 'SUCCESS') ? 'passed' : 'skipped',
      checks: checks.length,
      failed: failed.map(c => `${c.id}: ${c.errorMessage ?? c.status}`),
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}
