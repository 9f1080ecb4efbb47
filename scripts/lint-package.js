'use strict';

// npm run lint:package: what publint and "are the types wrong" say of the packed package, as users get it.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { packMain } = require('./packed.js');

const root = path.join(__dirname, '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));

try {
  const { tarball } = packMain(folder);
  for (const [script, ...args] of [
    ['publint/src/cli.js', 'run', '--strict', tarball],
    ['@arethetypeswrong/cli/dist/index.js', tarball],
  ]) {
    const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules', script), ...args], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}
