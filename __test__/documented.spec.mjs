// Every exported type and every member of it is described where editors look for it.

import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import ts from 'typescript';
import { root } from './support/processes.mjs';

const DECLARATIONS = new Set([
  ts.SyntaxKind.ClassDeclaration,
  ts.SyntaxKind.FunctionDeclaration,
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.MethodDeclaration,
  ts.SyntaxKind.MethodSignature,
  ts.SyntaxKind.PropertyDeclaration,
  ts.SyntaxKind.PropertySignature,
  ts.SyntaxKind.TypeAliasDeclaration,
  ts.SyntaxKind.VariableStatement,
]);
const CONTAINERS = new Set([
  ts.SyntaxKind.ClassDeclaration,
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.ModuleBlock,
  ts.SyntaxKind.ModuleDeclaration,
  ts.SyntaxKind.SourceFile,
]);

/** The names of what has no comment; of overloads the first one speaks for all. */
function undocumented(file) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const described = new Set();
  const missing = [];
  let count = 0;
  const visit = (node, owner) => {
    let name = owner;
    if (DECLARATIONS.has(node.kind) || node.kind === ts.SyntaxKind.ModuleDeclaration) {
      name = `${owner}.${node.name?.getText() ?? node.getText().slice(0, 30)}`;
    }
    if (DECLARATIONS.has(node.kind)) {
      count++;
      if (ts.getJSDocCommentsAndTags(node).length > 0) described.add(name);
      else if (!described.has(name)) missing.push(name.slice(1));
    }
    if (CONTAINERS.has(node.kind)) ts.forEachChild(node, (child) => visit(child, name));
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), '');
  return { missing, count };
}

for (const [file, atLeast] of [
  ['index.d.ts', 180],
  ['streams.d.ts', 35],
]) {
  test(`${file} describes everything in it`, (t) => {
    const { missing, count } = undocumented(file);
    t.deepEqual(missing, []);
    t.true(count >= atLeast, `${count} declarations were seen`);
  });
}

/** The JavaScript in the documents, by the name of a file that could hold it. */
function examples() {
  const documents = ['README.md', ...fs.readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)];
  const found = new Map();
  for (const document of documents.filter((name) => name.endsWith('.md'))) {
    const text = fs.readFileSync(path.join(root, document), 'utf8');
    for (const { 1: code, index } of text.matchAll(/^```js\n(.*?)^```$/gms)) {
      const line = text.slice(0, index).split('\n').length;
      const extension = /^const .* = require\(/m.test(code) ? 'cjs' : 'mjs';
      found.set(path.join(root, `${document}-${line}.${extension}`), code);
    }
  }
  return found;
}

/** What is no mistake in JavaScript: `socket.data` has the type undefined there, and an Error of ours has a code. */
const TYPES_ONLY =
  /^Type .* is not assignable to type 'undefined'|^'socket\.data' is possibly|^Property 'code' does not exist on type 'Error'/;

test('the examples in the documents import what they use, and use what there is', (t) => {
  const files = examples();
  const text = (message) => ts.flattenDiagnosticMessageText(message, '\n');
  t.true(files.size >= 12, `${files.size} examples were seen`);
  const options = {
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] },
    ...{ types: ['node', 'bun-types'], allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true, strict: false },
    moduleDetection: ts.ModuleDetectionKind.Force,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.getCurrentDirectory = () => root;
  host.fileExists = (name) => files.has(path.normalize(name)) || fileExists(name);
  host.readFile = (name) => files.get(path.normalize(name)) ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const text = files.get(path.normalize(name));
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ...rest);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const complaints = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => [path.relative(root, file?.fileName ?? ''), text(messageText)])
    .filter(([, message]) => !TYPES_ONLY.test(message));
  t.deepEqual(complaints, []);
});
