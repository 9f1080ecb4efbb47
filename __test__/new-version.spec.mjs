import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { root } from './support/processes.mjs';

const { newVersion } = createRequire(import.meta.url)('../scripts/new-version.js');

function copy(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  for (const name of ['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock', 'CHANGELOG.md', 'npm']) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  return { folder, read: (name) => fs.readFileSync(path.join(folder, name), 'utf8') };
}

test('one command writes the version everywhere and dates the changelog', (t) => {
  const { folder, read } = copy(t);
  newVersion(folder, '1.2.3-rc.4', new Date('2030-05-06T12:00:00Z'));
  for (const name of ['.', ...fs.readdirSync(path.join(folder, 'npm')).map((name) => path.join('npm', name))]) {
    t.is(JSON.parse(read(path.join(name, 'package.json'))).version, '1.2.3-rc.4', name);
  }
  const lock = JSON.parse(read('package-lock.json'));
  t.deepEqual([lock.version, lock.packages[''].version], ['1.2.3-rc.4', '1.2.3-rc.4']);
  t.regex(read('Cargo.toml'), /^name = "bun-sockets"\nversion = "1\.2\.3-rc\.4"$/m);
  t.regex(read('Cargo.lock'), /^name = "bun-sockets"\nversion = "1\.2\.3-rc\.4"$/m);
  t.regex(read('CHANGELOG.md'), /^## Unreleased \(Bun .*\)\n\n## 1\.2\.3-rc\.4 - 2030-05-06 \(Bun .*\)\n/m);
});

test('what is no version changes nothing', (t) => {
  const { folder, read } = copy(t);
  const before = read('package.json');
  for (const version of ['', 'v1.2.3', '1.2', '1.2.3+4']) {
    t.throws(() => newVersion(folder, version, new Date()), { message: /is no version/ });
  }
  t.is(read('package.json'), before);
});

test('a changelog without its unreleased part changes nothing', (t) => {
  const { folder, read } = copy(t);
  fs.writeFileSync(path.join(folder, 'CHANGELOG.md'), '# Changelog\n');
  const before = read('package.json');
  t.throws(() => newVersion(folder, '9.9.9', new Date()), { message: /CHANGELOG/ });
  t.is(read('package.json'), before);
});
