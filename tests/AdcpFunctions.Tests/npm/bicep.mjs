// Reads Bicep files and prints what they say as JSON, one object a file. Literals are themselves; any other expression is { expression: its text }.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, Parser } from 'web-tree-sitter';

const require = createRequire(import.meta.url);
await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(require.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm')));

const named = node => node.namedChildren.filter(child => child.type !== 'comment');

function text(node) {
  // Pieces of a string, its escapes undone; a string with an interpolation in it has no value here.
  return named(node).map(part => (part.type === 'escape_sequence' ? part.text.slice(1) : part.text)).join('');
}

function value(node) {
  switch (node.type) {
    case 'string':
      return named(node).some(part => part.type === 'interpolation') ? { expression: node.text } : text(node);
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.text === 'true';
    case 'object':
      return Object.fromEntries(named(node).map(property));
    case 'array':
      return named(node).map(value);
    case 'ternary_expression':
      return { either: named(node).slice(1).map(value), expression: node.text };
    case 'if_statement':
      return { if: named(node)[0].text, ...value(named(node).at(-1)) };
    case 'for_statement':
      return { each: value(named(node).at(-1)), expression: node.text };
    default:
      return { expression: node.text };
  }
}

function property(node) {
  const [key, content] = named(node);
  return [key.type === 'string' ? text(key) : key.text, value(content)];
}

function declaration(node, decorators) {
  const parts = named(node);
  const at = node.startPosition.row + 1;
  const name = parts[0].text;
  const last = parts.at(-1);
  switch (node.type) {
    case 'parameter_declaration':
      return { kind: 'param', at, name, type: parts[1].text, decorators, required: parts.length < 3, value: parts.length < 3 ? null : value(last) };
    case 'variable_declaration':
      return { kind: 'var', at, name, value: value(last) };
    case 'resource_declaration':
      return { kind: 'resource', at, name, type: text(parts[1]), existing: / existing\s*=/.test(node.text.split('\n')[0]), value: value(last) };
    case 'module_declaration':
      return { kind: 'module', at, name, type: text(parts[1]), value: value(last) };
    case 'output_declaration':
      return { kind: 'output', at, name, decorators, value: value(last) };
    default:
      return { kind: node.type, at, text: node.text };
  }
}

function errors(node) {
  const own = node.isError || node.isMissing ? [`line ${node.startPosition.row + 1}: ${node.text.split('\n')[0] || `${node.type} is missing`}`] : [];
  return [...own, ...node.children.flatMap(errors)];
}

function decoratorsOf(node) {
  return Object.fromEntries(named(node).map(decorator => {
    const [callee, argument] = named(named(decorator)[0]);
    return [callee.text, argument && named(argument).length > 0 ? value(named(argument)[0]) : null];
  }));
}

function read(file) {
  let source = readFileSync(file, 'utf8');
  // The grammar knows templates only; in a parameters file an assignment stands where a template declares.
  if (file.endsWith('.bicepparam')) source = source.replace(/^param /gm, 'var ');
  const tree = parser.parse(source);
  const declarations = [];
  let decorators = {};
  for (const node of named(tree.rootNode)) {
    if (node.type === 'decorators') {
      decorators = decoratorsOf(node);
    } else {
      if (!node.hasError) declarations.push(declaration(node, decorators));
      decorators = {};
    }
  }
  return { file, source, errors: errors(tree.rootNode), declarations };
}

console.log(JSON.stringify(process.argv.slice(2).map(read)));
