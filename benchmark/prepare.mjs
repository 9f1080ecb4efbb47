// What has to be there before a run: the load generator, the addon, real Bun, a certificate.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from '../scripts/build.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = path.join(os.tmpdir(), 'bun-sockets-bench');

/** The Bun whose behaviour the project follows. */
export const bunVersion = '1.4.5';

/** Builds the load generator. @returns {string} its path */
export function buildLoadGenerator() {
  const messages = execFileSync(
    'cargo',
    ['build', '--release', '--package', 'loadgen', '--message-format', 'json-render-diagnostics'],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 2 ** 20 },
  );
  for (const line of messages.split('\n')) {
    const message = line.startsWith('{') ? JSON.parse(line) : {};
    if (message.executable && message.target.name === 'loadgen') return message.executable;
  }
  throw new Error('cargo did not say where it put the load generator');
}

/**
 * Builds this checkout's addon if it is absent or older than its sources. Another checkout's is taken as it is.
 * @param {string} entry path of the package's index.js
 * @returns {boolean} whether there is a package to measure
 */
export function buildAddon(entry) {
  if (entry === path.join(root, 'index.js')) buildIfNeeded();
  return fs.existsSync(entry);
}

/**
 * Fetches real Bun from npm, once, into a folder of its own in the system's temp folder.
 * @returns {string} the path of its binary
 */
export function fetchBun() {
  const platform = `${os.platform()}-${os.arch() === 'arm64' ? 'aarch64' : os.arch()}`;
  const name = `@oven/bun-${platform}`;
  const home = path.join(cache, `bun-${bunVersion}`);
  const binary = path.join(home, 'node_modules', name, 'bin', 'bun');
  if (!fs.existsSync(binary)) {
    fs.mkdirSync(home, { recursive: true });
    fs.writeFileSync(path.join(home, 'package.json'), '{"private": true}\n');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${bunVersion}`], {
      cwd: home,
      stdio: 'inherit',
    });
  }
  return binary;
}

/** @returns {string | undefined} what a program says on `--version`, undefined when it does not run */
export function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replace(/^v/, '') : undefined;
}

/**
 * A new self-signed certificate for localhost.
 * @param {'ec' | 'rsa'} kind
 * @returns {{certificate: string, key: string}} paths
 */
export function makeCertificate(kind) {
  fs.mkdirSync(cache, { recursive: true });
  const certificate = path.join(cache, `${kind}.crt`);
  const key = path.join(cache, `${kind}.key`);
  const algorithm = { ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], rsa: ['rsa:2048'] }[kind];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-days', '2', '-newkey', ...algorithm, ...subject, '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  );
  return { certificate, key };
}
