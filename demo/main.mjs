// An echo server in a worker thread, clients in this one, over every transport there is.
//   npm run demo -- [--quick]

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { datagrams, MIB, pingPong, trace, traceSecure, transfer } from './measures.mjs';

const quick = process.argv.includes('--quick');
const CLIENTS = 4;
const BYTES = (quick ? 4 : 32) * MIB;
const SECONDS = quick ? 0.3 : 2;

const certificate = (name) =>
  fs.readFileSync(new URL(`../conformance/certificates/${name}.pem`, import.meta.url), 'utf8');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-demo-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

const tcp = { hostname: '127.0.0.1', port: 0 };
const servers = [['TCP', tcp]];
if (process.platform !== 'win32') servers.push(['unix socket', { unix: path.join(folder, 'echo') }]);
const tls = { ...tcp, tls: { key: certificate('server-ec-key'), cert: certificate('server-ec') } };
servers.push(['TLS', tls]);
const secured = (target) => ({ ...target, tls: { ca: certificate('authority'), serverName: 'localhost' } });

/** The line at the bottom of a terminal; one line per step elsewhere. */
function progress(text, done = false) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}${done ? '\n' : ''}`);
  else if (done) console.log(text);
}

const bar = (part) => `[${'#'.repeat(Math.round(part * 30)).padEnd(30, '.')}]`;
const thousands = (n) => Math.round(n).toLocaleString('en-US');

const worker = new Worker(new URL('./echo-server.mjs', import.meta.url), { workerData: servers });
const addresses = await new Promise((resolve, reject) => {
  worker.once('message', resolve);
  worker.once('error', reject);
});

const rows = [];
for (const [name] of servers) {
  const target = name === 'TLS' ? secured(addresses.TLS) : addresses[name];
  const onProgress = (part) =>
    progress(`${name.padEnd(12)} ${bar(part)} ${Math.round((part * CLIENTS * BYTES) / MIB)} MiB echoed`);
  const bulk = await transfer(target, { clients: CLIENTS, bytes: BYTES, onProgress });
  progress(`${name.padEnd(12)} ${bar(1)} ${bulk.bytes / MIB} MiB there and back, every byte compared`, true);
  const messages = await pingPong(target, { clients: 50, seconds: SECONDS });
  rows.push([
    name,
    `${thousands(bulk.mibPerSecond)} MiB/s each way`,
    thousands(bulk.stalls),
    `${thousands(messages)} /s`,
  ]);
}
rows.push(['UDP', '-', '-', `${thousands(await datagrams(addresses.udp, { seconds: SECONDS }))} /s`]);

const traces = [
  ['One TCP connection', await trace(addresses.TCP)],
  ['One TLS connection', await traceSecure(secured(addresses.TLS))],
];
worker.postMessage('stop');

const header = ['', 'bulk echo', 'waits for drain', '64-byte messages, there and back'];
const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
console.log('');
for (const row of [header, ...rows]) console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i])).join('   ')}`);
console.log(`\n  ${CLIENTS} connections of ${BYTES / MIB} MiB; 50 connections for the messages (UDP: 32 on their way)`);
for (const [title, events] of traces) {
  console.log(`\n${title}, as its handlers saw it (ms):\n`);
  for (const [at, text] of events) console.log(`  ${at.padStart(8)}  ${text}`);
}
