// An AdCP agent built with @adcp/sdk's own server, as an orchestrator meets it. Tells its port, then one JSON line for each
// report its handler is given; a report that is answered from memory reaches no handler.
import { createServer } from "node:net";
import { createIdempotencyStore, InMemoryStateStore, memoryBackend } from "@adcp/sdk/server";
import { createAdcpServer, serve } from "@adcp/sdk/server/legacy/v5";

const idempotency = createIdempotencyStore({ backend: memoryBackend(), ttlSeconds: 86400 });
const stateStore = new InMemoryStateStore();

const agent = () => createAdcpServer({
  name: "sdk-agent",
  version: "1.0.0",
  idempotency,
  stateStore,
  resolveIdempotencyPrincipal: () => "buyer",
  accounts: {
    reportUsage: async ({ idempotency_key, usage }) => {
      console.log(JSON.stringify({ idempotency_key, buys: usage.map((record) => record.media_buy_id) }));
      const refused = usage.flatMap((record, i) => (record.media_buy_id === "nobodys" ? [i] : []));
      const errors = refused.map((i) => ({ code: "MEDIA_BUY_NOT_FOUND", message: "No such media buy.", field: `usage[${i}].media_buy_id`, recovery: "correctable" }));
      return { accepted: usage.length - errors.length, ...(errors.length > 0 && { errors }) };
    },
  },
});

const probe = createServer().listen(0, "127.0.0.1", () => {
  const { port } = probe.address();
  probe.close(() => serve(agent, { port, path: "/mcp", onListening: () => console.log(JSON.stringify({ port })) }));
});
