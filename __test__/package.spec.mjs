// The package as users install it.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { root } from './support/processes.mjs';

const require = createRequire(import.meta.url);
const { npm, packMain, packPlatform } = require('../scripts/packed.js');

/** The tarballs are the same for all tests here. */
const tarballs = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
const main = packMain(tarballs);
const platform = packPlatform(tarballs);
test.after.always(() => fs.rmSync(tarballs, { recursive: true }));

/** An empty project into which npm has installed the packed package, without network; `withAddon` adds the package of this machine. */
function installed(t, { withAddon }) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(project, { recursive: true }));
  fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0' }));
  const wanted = withAddon ? [main.tarball, platform.tarball] : [main.tarball];
  npm(['install', '--offline', '--no-audit', '--no-fund', ...wanted], project);
  return { project, addon: path.join(project, 'node_modules', platform.name, platform.addon) };
}

const run = (project, args) =>
  execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const PROGRAM = (load) => `${load}
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.end(d) } });
  connect({ hostname: '127.0.0.1', port: listener.port, socket: {
    open: (s) => void s.write('installed'), data: (s, d) => console.log(d.toString()), close: () => listener.stop() } });`;

const TYPED = (load) => `${load}
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s: Socket, d: Buffer) => void s.end(d) } });
  connect({ hostname: '127.0.0.1', port: listener.port, socket: {
    open: (s) => void s.write('installed'),
    data: (_s, d) => console.log(d.toString()),
    close: () => listener.stop() } });`;

test('packed, installed, used from ESM and CommonJS', (t) => {
  const { project } = installed(t, { withAddon: true });
  const { files } = main;
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

// What a user's compiler sees: the installed package and @types/node, nothing of this repository, no lib check skipped.
for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
]) {
  test(`TypeScript users, moduleResolution ${moduleResolution}`, (t) => {
    const { project } = installed(t, { withAddon: true });
    for (const name of ['@types/node', 'undici-types']) {
      fs.cpSync(path.join(root, 'node_modules', name), path.join(project, 'node_modules', name), { recursive: true });
    }
    const compilerOptions = {
      ...{ target: 'es2022', lib: ['es2023', 'esnext.disposable'], module, moduleResolution, types: ['node'] },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, outDir: 'out', rootDir: '.' },
    };
    fs.writeFileSync(
      path.join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['a.mts', 'b.cts'] }),
    );
    fs.writeFileSync(path.join(project, 'a.mts'), TYPED("import { connect, listen, type Socket } from 'bun-sockets';"));
    fs.writeFileSync(
      path.join(project, 'b.cts'),
      moduleResolution === 'bundler'
        ? 'export {};'
        : TYPED(
            "import sockets = require('bun-sockets'); const { connect, listen } = sockets; type Socket = sockets.Socket;",
          ),
    );
    const { status, stdout } = spawnSync(
      process.execPath,
      [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project],
      { encoding: 'utf8' },
    );
    t.is(status, 0, stdout);
    t.is(run(project, [path.join('out', 'a.mjs')]), 'installed\n');
    if (moduleResolution === 'nodenext') t.is(run(project, [path.join('out', 'b.cjs')]), 'installed\n');
  });
}

test('the published package asks for the package of each platform, in its own version', (t) => {
  const text = execFileSync('tar', ['-xzOf', main.tarball, 'package/package.json'], { encoding: 'utf8' });
  const { optionalDependencies, version } = JSON.parse(text);
  const names = fs.readdirSync(path.join(root, 'npm')).map((name) => `bun-sockets-${name}`);
  t.deepEqual(Object.keys(optionalDependencies).sort(), names.sort());
  t.deepEqual([...new Set(Object.values(optionalDependencies))], [version]);
});

test('publint has nothing to say about the package', async (t) => {
  const { publint } = await import('publint');
  const { messages } = await publint({ pack: { tarball: fs.readFileSync(main.tarball).buffer }, strict: true });
  t.deepEqual(messages, []);
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
  const { project, addon } = installed(t, { withAddon: true });
  fs.writeFileSync(addon, 'not a library');
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
