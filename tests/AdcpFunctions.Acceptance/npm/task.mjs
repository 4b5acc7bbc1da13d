// What every script here is given, on standard input (keys are secrets, and command lines are public), and how it tells what it saw.
import { readFileSync } from 'node:fs';

export const task = JSON.parse(readFileSync(0, 'utf8'));

// Standard output is for the answers alone; the clients' own chatter goes to standard error.
const write = process.stdout.write.bind(process.stdout);
console.log = console.info = console.debug = console.warn = console.error;

export const tell = line => write(JSON.stringify(line) + '\n');
