// npm run soak: mixed traffic for a while (10 minutes, or --seconds N), every byte compared, and nothing left at the end.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

createRequire(import.meta.url)('../scripts/build.js').buildIfNeeded();
const { listen, stats, udpSocket } = await import('bun-sockets');
const { SERVER, SERVER_HANDLERS, plan, session } = await import('./sessions.mjs');

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string', default: `${Date.now() % 1e6}` } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(seed)) throw new Error('--seconds and --seed are numbers');

/** Connections at once. */
const AT_ONCE = 24;
/** Pairs of UDP sockets that talk all the time. */
const UDP_PAIRS = 4;
/** The allocator and V8 keep a little; a leak of a few bytes for each of the many thousand connections is more than this. */
const RSS_LIMIT = 24 << 20;
const HEAP_LIMIT = 4 << 20;

/** mulberry32: the same seed, the same decisions; what they meet depends on time, of course. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = generator(seed);

const totals = {
  connections: 0,
  tcp: 0,
  tls: 0,
  unix: 0,
  upgrade: 0,
  bytes: 0,
  pauses: 0,
  halfCloses: 0,
  upgrades: 0,
  resets: 0,
  reloads: 0,
  datagrams: 0,
  lostDatagrams: 0,
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bs-soak-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
const listeners = {};
for (const allowHalfOpen of [false, true]) {
  const common = { allowHalfOpen, socket: SERVER_HANDLERS };
  listeners[`tcp ${allowHalfOpen}`] = listen({ hostname: '127.0.0.1', port: 0, ...common });
  listeners[`tls ${allowHalfOpen}`] = listen({ hostname: '127.0.0.1', port: 0, tls: SERVER, ...common });
  listeners[`unix ${allowHalfOpen}`] = listen({ unix: path.join(folder, `${allowHalfOpen}`), ...common });
}

let failure;
const KINDS = ['tcp', 'tcp', 'tls', 'tls', 'unix', 'upgrade'];

/** Connections one after the other, until it is time. */
async function connections(until) {
  while (Date.now() < until && failure === undefined) {
    const how = plan(random, KINDS[Math.floor(random() * KINDS.length)]);
    try {
      await session(how, listeners, totals);
    } catch (error) {
      failure ??= error;
    }
  }
}

/** Numbered datagrams there and back, until it is time. */
async function datagrams(until) {
  let answered;
  const echo = await udpSocket({
    hostname: '127.0.0.1',
    socket: { data: (socket, data, port, address) => void socket.send(data, port, address) },
  });
  const asker = await udpSocket({ hostname: '127.0.0.1', socket: { data: (_, data) => answered?.(data) } });
  for (let n = 0; Date.now() < until && failure === undefined; n++) {
    const asked = Buffer.alloc(4 + Math.floor(random() * 8000), n);
    asked.writeUInt32BE(n);
    const answer = await new Promise((resolve) => {
      answered = (data) => data.readUInt32BE() === n && resolve(data);
      const timer = setTimeout(resolve, 2000);
      const took = answered;
      answered = (data) => {
        if (data.readUInt32BE() === n) clearTimeout(timer);
        took(data);
      };
      asker.send(asked, echo.port, '127.0.0.1');
    });
    if (answer === undefined) totals.lostDatagrams++;
    else if (!answer.equals(asked)) failure ??= new Error(`datagram ${n} came back with other bytes`);
    else totals.datagrams++;
    if (n % 64 === 0) await new Promise((resolve) => setTimeout(resolve, random() * 10));
  }
  asker.close();
  echo.close();
}

async function traffic(duration) {
  const until = Date.now() + duration * 1000;
  const reloading = setInterval(() => {
    for (const listener of Object.values(listeners)) listener.reload({ socket: { ...SERVER_HANDLERS } });
    totals.reloads += 6;
  }, 500);
  await Promise.all([
    ...Array.from({ length: AT_ONCE }, () => connections(until)),
    ...Array.from({ length: UDP_PAIRS }, () => datagrams(until)),
  ]);
  clearInterval(reloading);
}

/** What there is when nothing goes on. */
async function rest() {
  // The last words of TLS connections, and tokio's threads, need a moment.
  for (let i = 0; i < 100; i++) {
    const { sockets, udpSockets } = stats();
    if (sockets + udpSockets === 0 && i >= 10) break;
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const { sockets, udpSockets, listeners: listening } = stats();
  const count = (what) => (process.platform === 'linux' ? fs.readdirSync(`/proc/self/${what}`).length : 0);
  return { rss, heapUsed, external, descriptors: count('fd'), threads: count('task'), sockets, udpSockets, listening };
}

const mib = (bytes) => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
const delay = monitorEventLoopDelay({ resolution: 10 });

const started = Date.now();
await traffic(Math.min(30, seconds / 4));
const before = await rest();
delay.enable();
const cpu = process.cpuUsage();
await traffic(seconds - (Date.now() - started) / 1000);
delay.disable();
const after = await rest();
const { user, system } = process.cpuUsage(cpu);
for (const listener of Object.values(listeners)) listener.stop();

const complaints = [];
if (failure !== undefined) complaints.push(failure.message);
for (const what of ['descriptors', 'threads', 'sockets', 'udpSockets', 'listening']) {
  if (after[what] > before[what]) complaints.push(`${before[what]} ${what} became ${after[what]}`);
}
if (after.sockets + after.udpSockets > 0) complaints.push('sockets are left');
for (const [what, limit] of Object.entries({ rss: RSS_LIMIT, heapUsed: HEAP_LIMIT, external: HEAP_LIMIT })) {
  if (after[what] - before[what] > limit) complaints.push(`${what} grew by ${mib(after[what] - before[what])}`);
}

console.log(`seed ${seed}, ${Math.round((Date.now() - started) / 1000)} s`);
console.log(
  `${totals.connections} connections: ${totals.tcp} TCP, ${totals.tls} TLS, ${totals.unix} unix, ${totals.upgrade} upgraded`,
);
console.log(`${mib(totals.bytes)} compared byte by byte; ${totals.datagrams} datagrams, ${totals.lostDatagrams} lost`);
console.log(
  `${totals.pauses} pauses, ${totals.halfCloses} half-closes, ${totals.resets} resets, ${totals.reloads} reloads`,
);
console.log(`event loop: ${(delay.max / 1e6).toFixed(0)} ms at most, ${(delay.mean / 1e6).toFixed(1)} ms on average`);
console.log(`CPU: ${((user + system) / 1e6).toFixed(1)} s`);
for (const what of ['rss', 'heapUsed', 'external'])
  console.log(`${what}: ${mib(before[what])}, at the end ${mib(after[what])}`);
console.log(
  `descriptors: ${before.descriptors}, at the end ${after.descriptors}; threads: ${before.threads}, at the end ${after.threads}`,
);
for (const complaint of complaints) console.log(`FAILED: ${complaint}`);
console.log(complaints.length === 0 ? 'soak passed' : 'soak failed');
process.exitCode = complaints.length === 0 ? 0 : 1;
