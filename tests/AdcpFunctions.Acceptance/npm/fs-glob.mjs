// The MCP conformance suite imports `globSync`, which Node has from 22 on, for a command of its own that is not run here.
// Node 20 lacks the name alone, so the suite is given an `fs` that has it.
import { register } from 'node:module';

const named = 'export * from "node:fs"; export { default } from "node:fs"; export const globSync = undefined;';
const hooks = `
  const shim = 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(named)});
  export const resolve = (specifier, context, next) =>
    specifier === 'fs' && context.parentURL?.includes('/@modelcontextprotocol/conformance/')
      ? { url: shim, shortCircuit: true }
      : next(specifier, context);`;
register('data:text/javascript,' + encodeURIComponent(hooks));
