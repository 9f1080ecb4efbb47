'use strict';

// The packages as they are published: what `npm pack` gives after `napi prepublish` has added the platform packages to package.json.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** Runs npm and gives what it prints; its warnings are not of interest, its failures are. */
function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
}

/** Packs a folder; gives the tarball's path and the names of the files in it. */
function pack(folder, destination) {
  const [{ filename, files }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', destination], folder),
  );
  return { tarball: path.join(destination, filename), files: files.map(({ path: name }) => name) };
}

/**
 * Packs the main package as the release does: from a copy, whose package.json `napi prepublish` completes. Nothing is published.
 * @param {string} destination an existing folder
 */
function packMain(destination) {
  const stage = fs.mkdtempSync(path.join(destination, 'stage-'));
  for (const { path: name } of JSON.parse(npm(['pack', '--json', '--dry-run', '--ignore-scripts'], root))[0].files) {
    fs.cpSync(path.join(root, name), path.join(stage, name), { recursive: true });
  }
  fs.cpSync(path.join(root, 'npm'), path.join(stage, 'npm'), { recursive: true });
  // `prepublish` looks for each platform's addon; only this machine's was built.
  for (const name of fs.readdirSync(path.join(stage, 'npm'))) {
    fs.writeFileSync(path.join(stage, 'npm', name, `bun-sockets.${name}.node`), '');
  }
  const napi = path.join(root, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');
  execFileSync(
    process.execPath,
    [napi, 'prepublish', '--npm-dir', 'npm', '--no-gh-release', '--skip-optional-publish'],
    {
      cwd: stage,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const packed = pack(stage, destination);
  fs.rmSync(stage, { recursive: true });
  return packed;
}

/** Packs the package with this machine's addon; undefined if it is not built. */
function packPlatform(destination) {
  const addon = fs.readdirSync(path.join(root, 'lib')).find((name) => name.endsWith('.node'));
  if (addon === undefined) return undefined;
  const name = addon.replace(/^bun-sockets\.(.*)\.node$/, '$1');
  const stage = fs.mkdtempSync(path.join(destination, 'stage-'));
  fs.cpSync(path.join(root, 'npm', name), stage, { recursive: true });
  fs.copyFileSync(path.join(root, 'lib', addon), path.join(stage, addon));
  const packed = pack(stage, destination);
  fs.rmSync(stage, { recursive: true });
  return { ...packed, name: `bun-sockets-${name}`, addon };
}

module.exports = { npm, packMain, packPlatform };
