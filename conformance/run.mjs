#!/usr/bin/env node
// Runs scenarios on this package under Node.js and compares their traces with those recorded on real Bun.
//
//   node conformance/run.mjs [options] [NAME or GLOB ...]
//     --record       run on Bun (fetched from npm) and write expected/bun/NAME.trace
//     --ours         run on this package and write expected/ours/NAME.trace; only for scenarios in deviations.json
//     --bun BINARY   use this Bun for --record
//     --node BINARY  use this Node.js (default: the one that runs this)
//     --runs N       repeat each scenario; its traces must all be equal (default 1; 3 with --record)
//     --jobs N       scenarios at a time (default: half the processors, 1 at least)
//     --show         print the traces
//
// A scenario in deviations.json is compared with expected/ours and must still differ from Bun's trace, so that a deviation is
// asserted and its entry cannot outlive it. The last line is "N passed, N failed"; the exit status is 1 if any failed.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { referenceBun } from './lib/reference-bun.mjs';
import { difference, trace } from './lib/traces.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: 'boolean', default: false },
    ours: { type: 'boolean', default: false },
    bun: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    runs: { type: 'string' },
    jobs: { type: 'string', default: String(Math.max(1, os.availableParallelism() >> 1)) },
    show: { type: 'boolean', default: false },
  },
});

const deviations = JSON.parse(fs.readFileSync(path.join(here, 'deviations.json'), 'utf8'));
const runs = Number(options.runs ?? (options.record ? 3 : 1));
const command = options.record ? (options.bun ?? referenceBun()) : options.node;

function selected() {
  const all = fs
    .readdirSync(path.join(here, 'scenarios'))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => name.slice(0, -'.mjs'.length))
    .sort();
  const patterns = positionals.map((glob) => new RegExp(`^${glob.replaceAll('*', '.*')}$`));
  return patterns.length > 0 ? all.filter((name) => patterns.some((pattern) => pattern.test(name))) : all;
}

const recorded = (side, name) => {
  const file = path.join(here, 'expected', side, `${name}.trace`);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
};

/** What is wrong with this scenario, or undefined. */
async function judge(name) {
  const traces = [];
  const file = path.join(here, 'scenarios', `${name}.mjs`);
  for (let i = 0; i < runs; i++) traces.push(await trace(file, { command, onBun: options.record }));
  const [{ text, errors }] = traces;
  if (options.show) console.log(text.replace(/^/gm, '    '));
  const other = traces.find((one) => one.text !== text);
  if (other) return `not the same in every run\n${difference(text, other.text)}`;

  if (options.record || options.ours) {
    if (options.ours && !(name in deviations)) return 'not in deviations.json';
    if (/^ {2}the scenario failed:|^stuck$/m.test(text)) return `does not run to its end\n${text}${errors}`;
    fs.writeFileSync(path.join(here, 'expected', options.record ? 'bun' : 'ours', `${name}.trace`), text);
    return undefined;
  }
  const bun = recorded('bun', name);
  if (bun === undefined) return 'no trace of Bun is recorded; run with --record';
  const wanted = name in deviations ? recorded('ours', name) : bun;
  if (wanted === undefined) return 'a deviation without a trace in expected/ours';
  if (name in deviations && wanted === bun) return 'listed in deviations.json, but the trace is Bun’s';
  if (text === wanted) return undefined;
  return `differs (- expected, + got)\n${difference(wanted, text)}${errors && `\n  stderr:\n${errors.slice(0, 2000)}`}`;
}

const names = selected();
const queue = [...names];
let failed = 0;
async function takeFromQueue() {
  while (queue.length > 0) {
    const name = queue.shift();
    const complaint = await judge(name);
    if (complaint) failed++;
    const mark = complaint
      ? 'FAILED'
      : options.record
        ? 'recorded'
        : name in deviations
          ? `ok, deviation ${deviations[name]}`
          : 'ok';
    console.log(`${name}: ${mark}${complaint ? ` - ${complaint}` : ''}`);
  }
}
await Promise.all(Array.from({ length: Number(options.jobs) }, takeFromQueue));
console.log(`\n${names.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || names.length === 0 ? 1 : 0;
