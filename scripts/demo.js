'use strict';

// npm run demo: installs and builds what is missing, then runs demo/main.mjs.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { buildIfNeeded } = require('./build.js');
const { root } = require('./tools.js');

buildIfNeeded();
const { status } = spawnSync(process.execPath, [path.join('demo', 'main.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
