// The reference yardstick: createAdcpServer of @adcp/sdk over MCP streamable HTTP, in memory, nothing durable.
// Usage: node sdk.mjs <port>
import { createAdcpServer, serve } from '@adcp/sdk/server/legacy/v5';
import { createIdempotencyStore, InMemoryStateStore, memoryBackend } from '@adcp/sdk/server';
import { store } from './usage-store.mjs';

const idempotency = createIdempotencyStore({ backend: memoryBackend(), ttlSeconds: 86400 });
const stateStore = new InMemoryStateStore();

const createAgent = () => createAdcpServer({
  name: 'yardstick',
  version: '1.0.0',
  idempotency,
  stateStore,
  resolveIdempotencyPrincipal: () => 'buyer',
  accounts: { reportUsage: async request => ({ accepted: store(request) }) },
});

// An agent a request is the SDK's default and costs milliseconds. A pool with reuseAgent is what its guide
// recommends for load; an agent serves one request at a time, hence sixteen.
const pool = Array.from({ length: 16 }, createAgent);
let next = 0;

serve(() => pool[next++ % pool.length], {
  port: Number(process.argv[2]),
  path: '/mcp',
  reuseAgent: true,
  onListening: () => {},
});
