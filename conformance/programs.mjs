// Runs the Bun programs in programs/, unchanged, with `--import bun-sockets/register`, and compares what they print and how they end
// with what was recorded on real Bun.
//
//   node conformance/programs.mjs [NAME ...]
//     --record       run them on Bun (fetched from npm) and write expected/programs/NAME.txt
//     --bun BINARY   use this Bun for --record

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { referenceBun } from './lib/reference-bun.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(here, '..');
/** A program that takes longer hangs, in milliseconds. */
const LIMIT = 30_000;

export const NAMES = fs.readdirSync(path.join(here, 'programs')).map((file) => path.basename(file, '.mjs'));

/** What a program prints and how it ends. Between "server: " and "client: ", the order of lines belongs to the event loop. */
export function run(name, command, args = []) {
  const file = path.join(here, 'programs', `${name}.mjs`);
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: undefined };
  const { stdout, stderr, status } = spawnSync(command, [...args, file], {
    ...{ cwd: root, env, encoding: 'utf8', timeout: LIMIT },
  });
  const side = (line) => /^(server|client): /.exec(line)?.[1] ?? '';
  const lines = stdout.trimEnd().split('\n');
  const sorted = lines
    .map((line, i) => ({ line, i }))
    .sort((a, b) => side(a.line).localeCompare(side(b.line)) || a.i - b.i);
  return [...sorted.map(({ line }) => line), ...(stderr === '' ? [] : [stderr]), `exit code ${status}`, ''].join('\n');
}

export const recorded = (name) => path.join(here, 'expected', 'programs', `${name}.txt`);

/** The arguments of Node.js with which a Bun program runs. */
export const REGISTER = ['--import', 'bun-sockets/register'];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { record: { type: 'boolean' }, bun: { type: 'string' } },
    allowPositionals: true,
  });
  let failed = 0;
  for (const name of positionals.length > 0 ? positionals : NAMES) {
    if (values.record) {
      fs.mkdirSync(path.dirname(recorded(name)), { recursive: true });
      fs.writeFileSync(recorded(name), run(name, values.bun ?? referenceBun()));
      console.log(`recorded ${name}`);
      continue;
    }
    const same = run(name, process.execPath, REGISTER) === fs.readFileSync(recorded(name), 'utf8');
    console.log(`${same ? 'ok' : 'not ok'} - ${name}`);
    if (!same) failed++;
  }
  process.exitCode = failed > 0 ? 1 : 0;
}
