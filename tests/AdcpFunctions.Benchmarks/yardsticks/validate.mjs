// JSON.parse + Ajv over one request body, over and over. Usage: node validate.mjs <body.json> <seconds>
// Prints one JSON line: requests, seconds, CPU microseconds.
import { readFileSync } from 'node:fs';
import { validate } from './request-validator.mjs';

const bytes = readFileSync(process.argv[2]);
const seconds = Number(process.argv[3]);

function run(forSeconds) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let requests = 0;
  let elapsed = 0;
  while (elapsed < forSeconds * 1000) {
    if (!validate(JSON.parse(bytes.toString('utf8')))) throw new Error(JSON.stringify(validate.errors));
    requests++;
    elapsed = performance.now() - start;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { requests, seconds: elapsed / 1000, cpuMicroseconds: user + system };
}

run(1);
console.log(JSON.stringify(run(seconds)));
