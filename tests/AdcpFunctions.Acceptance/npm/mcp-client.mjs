// An MCP client as @modelcontextprotocol/sdk makes one: every call of the task in turn, on a connection of its own kind.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { task, tell } from './task.mjs';

async function connect({ key, protocol }) {
  const client = new Client({ name: 'acceptance', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(task.url), { requestInit: { headers: key ? { authorization: `Bearer ${key}` } : {} } });
  // An older client asks for an older version; the SDK has no setting for it, so its first message is rewritten on the way out.
  if (protocol) {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(message.method === 'initialize' ? { ...message, params: { ...message.params, protocolVersion: protocol } } : message, options);
  }
  await client.connect(transport);
  return { client, transport };
}

const does = {
  connect: async ({ client, transport }) => ({ server: client.getServerVersion(), capabilities: client.getServerCapabilities(), protocol: transport.protocolVersion, session: transport.sessionId ?? null }),
  ping: async ({ client }) => await client.ping(),
  list: async ({ client }) => await client.listTools(),
  call: async ({ client }, { tool, params }) => await client.callTool({ name: tool, arguments: params }),
  resources: async ({ client }) => await client.request({ method: 'resources/list' }, (await import('@modelcontextprotocol/sdk/types.js')).ListResourcesResultSchema),
};

for (const step of task.calls) {
  const connection = await connect(step).catch(refused => ({ refused }));
  try {
    if (connection.refused) throw connection.refused;
    tell({ name: step.name, result: await does[step.does](connection, step) });
  } catch (error) {
    tell({ name: step.name, error: { code: error.code ?? null, message: error.message, data: error.data ?? null } });
  } finally {
    await connection.client?.close();
  }
}
process.exit(0);
