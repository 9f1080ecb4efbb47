#!/usr/bin/env node
// Runs programs made of chance on Bun and on this package, and compares what they say.
//
//   node conformance/random.mjs [options]
//     --seeds N     how many programs (default 200)
//     --first N     the seed of the first one (default: another one each time)
//     --tls         over TLS
//     --upgrade     over TLS, the clients by upgradeTLS
//     --bun BINARY  use this Bun (default: fetched from npm)
//     --node BINARY use this Node.js (default: the one that runs this)
//     --show        print the traces of each program
//
// What is different is run three times more on both: only a program that says the same on Bun each time, and never that here, counts.
// The last line is "N of N programs differ"; the exit status is 1 if any did.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { referenceBun } from './lib/reference-bun.mjs';
import { difference, trace } from './lib/traces.mjs';

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'random-program.mjs');
/** How often both must have said the same before a difference counts. */
const REPEATS = 3;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    tls: { type: 'boolean', default: false },
    upgrade: { type: 'boolean', default: false },
    bun: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    show: { type: 'boolean', default: false },
  },
});
const over = options.upgrade ? 'upgrade' : options.tls ? 'tls' : 'plain';
const [count, first] = [Number(options.seeds), Number(options.first)];
const bun = { command: options.bun ?? referenceBun(), onBun: true };
const ours = { command: options.node, onBun: false };

async function run(where, seed) {
  const env = { RANDOM_SEED: String(seed), RANDOM_OVER: over };
  return (await trace(program, { ...where, env })).text;
}

/** The difference, if there is one each time. */
async function differs(seed) {
  const wanted = await run(bun, seed);
  if (options.show) console.log(wanted);
  const seen = new Set([await run(ours, seed)]);
  for (let i = 0; i < REPEATS && !seen.has(wanted); i++) {
    // What Bun itself does in more than one way says nothing.
    if ((await run(bun, seed)) !== wanted) return undefined;
    seen.add(await run(ours, seed));
  }
  return seen.has(wanted) ? undefined : difference(wanted, [...seen][0]);
}

let differing = 0;
for (let seed = first; seed < first + count; seed++) {
  const complaint = await differs(seed);
  if (complaint === undefined) continue;
  differing++;
  console.log(`seed ${seed}, ${over} (- Bun, + here)\n${complaint}\n`);
}
console.log(`seeds from ${first}: ${differing} of ${count} programs differ`);
process.exitCode = differing > 0 ? 1 : 0;
