'use strict';

// Builds the addon into lib/, installing the development tools first in a fresh clone.
//   node scripts/build.js [--release] [options of `napi build`]

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { requireTools, root } = require('./tools.js');

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')}: ${error ? error.message : `exit status ${status}`}`);
    process.exit(1);
  }
}

/**
 * Installs the tools unless those of the lock file are there. Not `npm ci`: it refuses a lock file without the packages of
 * other platforms, and a registry need not offer those. The lock file decides the versions and stays as it is.
 */
function installTools() {
  const lock = path.join(root, 'package-lock.json');
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) return;
  if (fs.existsSync(installed) && samePackages(lock, installed)) return;
  console.log('Installing the development tools (npm install) ...');
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund']);
}

/** A checkout changes the times of files, not what they say. */
function samePackages(lock, installed) {
  const { packages } = JSON.parse(fs.readFileSync(lock, 'utf8'));
  const have = JSON.parse(fs.readFileSync(installed, 'utf8')).packages;
  return Object.entries(packages).every(
    ([name, { version, optional }]) => name === '' || have[name]?.version === version || (optional && !have[name]),
  );
}

function build(args) {
  requireTools();
  installTools();
  console.log(
    `Building the addon${args.includes('--release') ? ' (release; the first time takes a few minutes)' : ''} ...`,
  );
  const napi = path.join('node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');
  run(process.execPath, [
    napi,
    'build',
    '--platform',
    '--output-dir',
    'lib',
    '--js',
    'binding.js',
    '--dts',
    'binding.d.ts',
    ...args,
  ]);
}

/** The newest change of anything the addon is built from. */
function newestSource() {
  const files = ['Cargo.toml', 'Cargo.lock', 'build.rs'].map((name) => path.join(root, name));
  for (const entry of fs.readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(path.join(entry.parentPath ?? entry.path, entry.name));
  }
  return Math.max(...files.map((file) => fs.statSync(file).mtimeMs));
}

/** Installs the tools and builds the addon where they are absent or older than their sources. */
function buildIfNeeded() {
  const lib = path.join(root, 'lib');
  const addon = fs.readdirSync(lib).find((name) => name.endsWith('.node'));
  const loader = path.join(lib, 'binding.js');
  const fresh = addon && fs.existsSync(loader) && fs.statSync(path.join(lib, addon)).mtimeMs >= newestSource();
  if (fresh) {
    requireTools();
    installTools();
  } else {
    build(['--release']);
  }
}

module.exports = { build, buildIfNeeded, run };

if (require.main === module) build(process.argv.slice(2));
