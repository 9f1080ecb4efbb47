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
