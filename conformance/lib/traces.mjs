// Running one scenario in a process of its own, and comparing what it said.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const index = path.join(here, '..', '..', 'index.mjs');
/** A scenario that runs longer is stuck; the longest waits for timers take 12 s. */
const SCENARIO_LIMIT_MS = 30_000;

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

/** Lines grouped by actor: the order between actors belongs to the event loop. */
function group(output, ending) {
  const actors = new Map();
  for (const line of output.split('\n').filter(Boolean)) {
    const [actor, ...text] = line.split('\t');
    if (!actors.has(actor)) actors.set(actor, []);
    actors.get(actor).push(`  ${text.join('\t')}`);
  }
  const parts = [...actors.keys()].sort().map((actor) => `${actor}:\n${actors.get(actor).join('\n')}\n`);
  return `${parts.join('')}${ending}\n`;
}

let folders = 0;

/**
 * Runs the scenario in `file` and resolves with what it said, grouped by actor.
 *
 * @param {string} file
 * @param {object} where
 * @param {string} where.command the runtime
 * @param {boolean} where.onBun whether the runtime's own functions are asked, not this package's
 * @param {Record<string, string>} [where.env] further variables
 * @returns {Promise<{ text: string, errors: string }>}
 */
export function trace(file, { command, onBun, env: more = {} }) {
  // Short, and at the same depth for every scenario: unix paths have at most 107 bytes.
  const folder = path.join(work, String(folders++));
  fs.mkdirSync(folder);
  const env = { ...process.env, SCENARIO_NODE: process.execPath, SCENARIO_TMP: folder, NO_COLOR: '1', ...more };
  delete env.NODE_OPTIONS;
  if (onBun) delete env.BUN_SOCKETS_UNDER_TEST;
  else env.BUN_SOCKETS_UNDER_TEST = index;
  return new Promise((resolve) => {
    const child = spawn(command, [path.join(here, 'scenario.mjs'), file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, SCENARIO_LIMIT_MS);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      fs.rmSync(folder, { recursive: true, force: true });
      resolve({ text: group(output, late ? 'stuck' : `exit ${signal ?? code}`), errors });
    });
  });
}

/** Lines of `actual` against `wanted`, longest common subsequence. */
export function difference(wanted, actual) {
  const [a, b] = [wanted.split('\n'), actual.split('\n')];
  const common = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push(`    ${a[i++]}`) && j++;
    else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) lines.push(`  - ${a[i++]}`);
    else lines.push(`  + ${b[j++]}`);
  }
  return lines.join('\n');
}
