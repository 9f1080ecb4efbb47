// The package as users install it.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { root } from './support/processes.mjs';

/** Packs the package and unpacks it into node_modules of an empty project; `withAddon` adds this machine's addon as its own package. */
function installed(t, { withAddon }) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(project, { recursive: true }));
  const npm = (args, cwd) =>
    execFileSync('npm', args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    });
  const [{ filename, files }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', project], root),
  );
  const target = path.join(project, 'node_modules', 'bun-sockets');
  fs.mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(project, filename), '-C', target, '--strip-components', '1']);
  if (withAddon) {
    const addon = fs.readdirSync(path.join(root, 'lib')).find((name) => name.endsWith('.node'));
    const name = addon.replace(/^bun-sockets\.(.*)\.node$/, '$1');
    const folder = path.join(project, 'node_modules', `bun-sockets-${name}`);
    fs.cpSync(path.join(root, 'npm', name), folder, { recursive: true });
    fs.copyFileSync(path.join(root, 'lib', addon), path.join(folder, addon));
  }
  return { project, files: files.map(({ path: file }) => file) };
}

const run = (project, args) =>
  execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const PROGRAM = (load) => `${load}
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.end(d) } });
  connect({ hostname: '127.0.0.1', port: listener.port, socket: {
    open: (s) => void s.write('installed'), data: (s, d) => console.log(d.toString()), close: () => listener.stop() } });`;

test('packed, installed, used from ESM and CommonJS', (t) => {
  const { project, files } = installed(t, { withAddon: true });
  fs.writeFileSync(path.join(project, 'a.mjs'), PROGRAM("import { connect, listen } from 'bun-sockets';"));
  fs.writeFileSync(path.join(project, 'b.cjs'), PROGRAM("const { connect, listen } = require('bun-sockets');"));
  fs.writeFileSync(path.join(project, 'c.mjs'), PROGRAM("import { connect, listen } from 'bun';"));
  t.is(run(project, ['a.mjs']), 'installed\n');
  t.is(run(project, ['b.cjs']), 'installed\n');
  t.is(run(project, ['--import', 'bun-sockets/register', 'c.mjs']), 'installed\n');
  t.true(files.includes('index.d.ts'));
  t.deepEqual(
    files.filter((file) => /\.node$|^(src|__test__|conformance|scripts|npm|demo)\//.test(file)),
    [],
  );
});

test('without the addon’s package the error says which is missing and what to do', (t) => {
  const { project } = installed(t, { withAddon: false });
  const error = t.throws(() => run(project, ['-e', "require('bun-sockets')"]));
  t.regex(
    error.stderr,
    new RegExp(`the package "bun-sockets-${process.platform}-${process.arch}[a-z-]*" with the native addon`),
  );
  t.regex(error.stderr, /npm install bun-sockets-/);
  t.regex(error.stderr, /ERR_BUN_SOCKETS_ADDON/);
});

test('an addon that does not load is reported as that', (t) => {
  const { project } = installed(t, { withAddon: true });
  const folder = fs.readdirSync(path.join(project, 'node_modules')).find((name) => name.startsWith('bun-sockets-'));
  const addon = fs.readdirSync(path.join(project, 'node_modules', folder)).find((name) => name.endsWith('.node'));
  fs.writeFileSync(path.join(project, 'node_modules', folder, addon), 'not a library');
  const error = t.throws(() => run(project, ['-e', "require('bun-sockets')"]));
  t.regex(error.stderr, /was found but does not load/);
});

test('package.json, the platform packages and the changelog belong together', (t) => {
  const main = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const folders = fs.readdirSync(path.join(root, 'npm'));
  t.is(folders.length, main.napi.targets.length);
  for (const folder of folders) {
    const {
      name,
      version,
      main: addon,
    } = JSON.parse(fs.readFileSync(path.join(root, 'npm', folder, 'package.json'), 'utf8'));
    t.is(name, `bun-sockets-${folder}`);
    t.is(version, main.version);
    t.is(addon, `bun-sockets.${folder}.node`);
  }
});

test('the README’s example is the one in examples', (t) => {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  t.true(readme.includes(fs.readFileSync(path.join(root, 'examples', 'line-lengths.mjs'), 'utf8')));
});

for (const example of fs.readdirSync(path.join(root, 'examples')).filter((name) => name.endsWith('.mjs'))) {
  test(`examples/${example} runs`, (t) => {
    t.true(run(root, [path.join('examples', example)]).length > 0);
  });
}
