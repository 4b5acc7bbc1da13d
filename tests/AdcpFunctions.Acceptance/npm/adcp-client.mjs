// A buyer's agent as @adcp/sdk makes one: each call of the task in turn (or side by side), and what the client made of the answer.
import { SingleAgentClient } from '@adcp/sdk';
import { task, tell } from './task.mjs';

// Bad input is the server's to refuse here, so the client is told not to; answers it judges strictly, by its own schemas.
const clientOf = (key, validation) => new SingleAgentClient(
  { id: 'ledger', name: 'ledger', agent_uri: task.url, protocol: 'mcp', ...(key && { auth_token: key }) },
  { validation: { requests: 'off', responses: 'strict', ...validation } });

const clients = new Map();
const client = key => clients.get(key) ?? clients.set(key, clientOf(key)).get(key);

async function call({ name, key, tool, params }) {
  try {
    const { success, status, data, error, adcpError, metadata } = await client(key).executeTask(tool, params);
    return { name, success, status, data, error, adcp_error: adcpError, replayed: metadata?.replayed };
  } catch (thrown) {
    return { name, success: false, thrown: `${thrown.name}: ${thrown.message}` };
  }
}

for (const step of task.calls) {
  const all = await Promise.all(Array.from({ length: step.times ?? 1 }, () => call(step)));
  all.forEach(tell);
}
process.exit(0);
