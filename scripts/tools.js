'use strict';

// What building from source needs, each with what to do when it is missing. Uses nothing but Node, as it runs before the tools are installed.

const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** First line a command prints, or undefined if it cannot be run. */
function firstLine(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', shell: process.platform === 'win32' });
  return status === 0 ? stdout.split('\n')[0].trim() : undefined;
}

/** Is version `a` ("1.95.0") at least `b` ("1.88")? */
function atLeast(a, b) {
  const [x, y] = [a, b].map((v) => v.split('.').map(Number));
  for (let i = 0; i < y.length; i++) {
    if ((x[i] ?? 0) !== y[i]) return (x[i] ?? 0) > y[i];
  }
  return true;
}

function compiler() {
  if (process.env.CC) return firstLine(process.env.CC, ['--version']) ? process.env.CC : undefined;
  if (process.platform === 'win32') return 'cl'; // found by rustc itself, through the registry
  return ['cc', 'gcc', 'clang'].find((name) => firstLine(name, ['--version']));
}

/** The complaints about this machine; empty if everything is there. */
function missing() {
  const complaints = [];
  const wantedNode = require('../package.json').engines.node.replace('>=', '');
  if (!atLeast(process.versions.node, wantedNode)) {
    complaints.push(
      `Node.js ${wantedNode} or later is needed; this is ${process.versions.node}. See https://nodejs.org`,
    );
  }
  if (!firstLine('npm', ['--version'])) complaints.push('npm is not on the PATH; it comes with Node.js.');

  const wantedRust = /^rust-version = "(.+)"$/m.exec(readFileSync(path.join(root, 'Cargo.toml'), 'utf8'))[1];
  const rustc = firstLine('rustc', ['--version']);
  const found = /^rustc (\d+\.\d+\.\d+)/.exec(rustc ?? '')?.[1];
  if (!found || !firstLine('cargo', ['--version'])) {
    complaints.push(`cargo and rustc ${wantedRust} or later are not on the PATH. Install Rust from https://rustup.rs`);
  } else if (!atLeast(found, wantedRust)) {
    complaints.push(`rustc ${wantedRust} or later is needed; this is ${found}. Run "rustup update stable".`);
  }
  if (!compiler()) {
    complaints.push(
      process.platform === 'darwin'
        ? 'No C compiler. Run "xcode-select --install".'
        : 'No C compiler. Install gcc or clang (Debian, Ubuntu: apt-get install build-essential).',
    );
  }
  return complaints;
}

/** Ends the process with a list of what is missing, if anything is. */
function requireTools() {
  const complaints = missing();
  if (complaints.length === 0) return;
  console.error(`bun-sockets cannot be built here:\n${complaints.map((text) => `  - ${text}`).join('\n')}`);
  process.exit(1);
}

module.exports = { requireTools, missing, atLeast, root };
