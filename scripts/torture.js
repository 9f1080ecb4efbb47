'use strict';

// npm run torture: the load, leak and worker tests with their full numbers. Some minutes.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { buildIfNeeded } = require('./build.js');
const { root } = require('./tools.js');

buildIfNeeded();
const files = ['load', 'leak', 'worker'].map((name) => `__test__/${name}.spec.mjs`);
const ava = path.join('node_modules', 'ava', 'entrypoints', 'cli.mjs');
const { status } = spawnSync(process.execPath, [ava, '--timeout=10m', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, BUN_SOCKETS_TORTURE: '1' },
});
process.exitCode = status ?? 1;
