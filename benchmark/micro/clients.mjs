// What a connection costs the process that makes it, whoever accepts it: CPU time of all its threads, plain and with TLS, where 16 connections
// at a time are made, send a message, have an answer and end. On Node.js, on Bun, and with `net` as an argument for `node:net` and `node:tls`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { makeCertificate } from '../prepare.mjs';
import { spread } from '../statistics.mjs';
import { connect } from './api.mjs';

const AT_ONCE = 16;
const CONNECTIONS = 500;
const SAMPLES = 8;
/** That come first: a program's code gets quick by running. */
const WARM_UP = 4;

const [, , task, ...paths] = process.argv;

if (task === 'serve') {
  const [cert, key] = paths.map((name) => fs.readFileSync(name));
  const serve = (socket) => socket.on('error', () => {}).on('data', (data) => socket.end(data));
  const servers = [net.createServer({ allowHalfOpen: true }, serve), tls.createServer({ cert, key }, serve)];
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  process.stdout.write(`${servers.map((server) => server.address().port).join(' ')}\n`);
  process.stdin.on('end', () => process.exit()).resume();
} else {
  const made = makeCertificate('ec');
  // Node's server for all: it is not what is measured.
  const server = spawn('node', [fileURLToPath(import.meta.url), 'serve', made.certificate, made.key], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  const ports = line.toString().split(' ').map(Number);
  const ca = fs.readFileSync(made.certificate, 'utf8');
  const dial = task === 'net' ? withNet : withUs;
  for (const [name, secure] of [
    ['plain', undefined],
    ['TLS', { ca, servername: 'localhost', serverName: 'localhost' }],
  ]) {
    const [port] = secure === undefined ? ports : ports.slice(1);
    const kept = [];
    for (let sample = -WARM_UP; sample < SAMPLES; sample += 1) {
      const before = process.cpuUsage();
      await connections(() => dial(port, secure));
      const { user, system } = process.cpuUsage(before);
      if (sample >= 0) kept.push((user + system) / CONNECTIONS);
    }
    const { median, low, high } = spread(kept);
    console.log(`${name}: ${median.toFixed(0)} µs CPU [${low.toFixed(0)} .. ${high.toFixed(0)}]`);
  }
  server.stdin.end();
}

/** @param {() => Promise<void>} dial */
async function connections(dial) {
  let left = CONNECTIONS;
  const line = async () => {
    while (left-- > 0) await dial();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

/** @param {number} port @param {object} [secure] */
function withUs(port, secure) {
  return new Promise((resolve, reject) => {
    const greet = (socket) => void socket.write('hello');
    const trusts = (socket, success, error) => (success ? greet(socket) : reject(error));
    const first = secure === undefined ? { open: greet } : { handshake: trusts };
    const socket = {
      ...first,
      data: (socket) => void socket.end(),
      close: () => resolve(),
      error: (_, error) => reject(error),
    };
    connect({ hostname: '127.0.0.1', port, tls: secure, socket }).catch(reject);
  });
}

/** @param {number} port @param {object} [secure] */
function withNet(port, secure) {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port, noDelay: true, ...secure };
    const socket = secure === undefined ? net.connect(target) : tls.connect(target);
    socket.on(secure === undefined ? 'connect' : 'secureConnect', () => socket.write('hello'));
    socket
      .on('data', () => socket.end())
      .on('close', () => resolve())
      .on('error', reject);
  });
}
