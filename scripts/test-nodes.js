'use strict';

// npm run test:nodes: the behaviour tests and the conformance suite on every Node.js that is supported, each fetched from npm into a
// folder of the system's temporary files. The addon is the same for all of them: Node-API is stable across versions.
//   node scripts/test-nodes.js [20 22 24 26 ...]

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { buildIfNeeded } = require('./build.js');
const { root } = require('./tools.js');

const VERSIONS = ['20', '22', '24', '26'];

/** The binary of the newest Node.js of a major version. */
function fetched(version) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = path.join(os.tmpdir(), `bun-sockets-node-${version}`);
  const binary = path.join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!fs.existsSync(binary)) {
    console.log(`Fetching ${name}@${version} from npm ...`);
    fs.mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`];
    const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
    if (status !== 0) throw new Error(`npm could not install ${name}@${version}`);
  }
  return binary;
}

buildIfNeeded();
const summary = [];
for (const version of process.argv.length > 2 ? process.argv.slice(2) : VERSIONS) {
  const node = fetched(version);
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  console.log(`\n== Node.js ${stdout.trim()}`);
  for (const [title, args] of [
    ['behaviour', [path.join('node_modules', 'ava', 'entrypoints', 'cli.mjs')]],
    ['conformance', [path.join('conformance', 'run.mjs')]],
  ]) {
    const { status } = spawnSync(node, args, { cwd: root, stdio: 'inherit' });
    summary.push([`${stdout.trim()} ${title}`, status === 0]);
  }
}
console.log('');
for (const [title, ok] of summary) console.log(`${title}: ${ok ? 'ok' : 'FAILED'}`);
process.exitCode = summary.every(([, ok]) => ok) ? 0 : 1;
