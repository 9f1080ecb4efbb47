'use strict';

// npm run torture: what npm test does a little of, in full; npm run torture -- faults,load for a part of it. About twelve minutes.
// npm run soak is the other half.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { buildIfNeeded } = require('./build.js');
const { checkMemory } = require('./torture-memory.js');
const { root } = require('./tools.js');

const SPECS = ['faults', 'hostile', 'hostile-tls', 'properties', 'teardown', 'network', 'load', 'leak', 'worker'];

/** Random programs for sockets and records; more interleavings of the wake-up protocol. */
const RUST = { PROPTEST_CASES: '10000', LOOM_MAX_PREEMPTIONS: '3' };

function run(command, args, env) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exitCode = 1;
}

const names = process.argv[2]?.split(',') ?? ['rust', 'memory', ...SPECS];
const unknown = names.filter((name) => !['rust', 'memory', ...SPECS].includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are rust, memory, ${SPECS.join(', ')}.`);
  process.exit(1);
}
if (names.includes('rust')) {
  run('cargo', ['test', '--locked', '--lib', 'wake'], RUST);
  run('cargo', ['test', '--locked', '--test', 'properties'], RUST);
}
if (names.includes('memory')) {
  buildIfNeeded();
  if (!checkMemory()) process.exitCode = 1;
}
const specs = SPECS.filter((name) => names.includes(name));
if (specs.length > 0) {
  buildIfNeeded();
  const ava = path.join('node_modules', 'ava', 'entrypoints', 'cli.mjs');
  const files = specs.map((name) => `__test__/${name}.spec.mjs`);
  // One file after the other: they measure memory and delays.
  run(process.execPath, [ava, '--timeout=30m', '--concurrency=1', ...files], { BUN_SOCKETS_TORTURE: '1' });
}
