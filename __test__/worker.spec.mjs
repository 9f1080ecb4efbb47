// The addon in worker threads: its own environment each, ended in every way.

import { once } from 'node:events';
import fs from 'node:fs';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { openDescriptors } from './support/descriptors.mjs';
import { dial, serve } from './support/observe.mjs';
import { outcome } from './support/processes.mjs';

const ROUNDS = process.env.BUN_SOCKETS_TORTURE ? 200 : 20;

/** A worker that has the package and `parentPort`; its `require` resolves from the current folder, the package's own. */
const PRELUDE =
  "const { connect, listen } = require('bun-sockets'); const { parentPort } = require('node:worker_threads');";
const worker = (text) => new Worker(`${PRELUDE} ${text}`, { eval: true });

test('an echo server in a worker, a client in the main thread', async (t) => {
  const thread = worker(`
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.write(d) } });
    parentPort.postMessage(listener.port);
    parentPort.once('message', () => listener.stop(true));
  `);
  const [port] = await once(thread, 'message');
  const { socket, observer } = await dial(t, { hostname: '127.0.0.1', port });
  socket.write('across threads');
  await observer.seen('data');
  t.is(observer.text, 'across threads');
  thread.postMessage('stop');
  const [code] = await once(thread, 'exit');
  t.is(code, 0);
});

/** Both ends of a few connections that are never idle. */
const BUSY = `
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.write(d), drain() {} } });
  let n = 0;
  for (let i = 0; i < 5; i++) {
    connect({
      hostname: i === 4 ? 'localhost' : '127.0.0.1',
      port: listener.port,
      socket: { open: (s) => void s.write('x'.repeat(1000 * i + 1)), data: (s, d) => { n++; s.write(d); }, drain() {}, connectError() {} },
    }).then(() => { if (i === 0) parentPort.postMessage('busy'); }, () => {});
  }
`;

// By itself, since it counts what all tests of this file share.
test.serial(`${ROUNDS} workers terminated at random moments`, async (t) => {
  const descriptors = () => openDescriptors().length;
  const threads = () =>
    process.platform === 'linux'
      ? Number(/^Threads:\s*(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1])
      : 0;
  const one = async (started = Math.random() < 0.5) => {
    const thread = worker(BUSY);
    if (started) await once(thread, 'message');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
    await thread.terminate();
  };
  await one(true); // what is made once per process is there after the first
  const before = [descriptors(), threads()];
  for (let i = 0; i < ROUNDS; i += 4) await Promise.all([one(), one(), one(), one()]);
  await settled(() => descriptors() <= before[0] && threads() <= before[1]);
  t.true(descriptors() <= before[0], `${before[0]} descriptors became ${descriptors()}`);
  t.true(threads() <= before[1], `${before[1]} threads became ${threads()}`);
});

/** Gives threads that were told to end the time to do so, and the ones that wait for another lookup the ten seconds they do. */
async function settled(reached) {
  for (let i = 0; i < 600 && !reached(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a worker ends by itself when its sockets are closed', async (t) => {
  const thread = worker(`
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s) => s.end() } });
    connect({
      hostname: '127.0.0.1',
      port: listener.port,
      socket: { open: (s) => void s.write('x'), data() {}, close: () => listener.stop() },
    });
  `);
  const [code] = await once(thread, 'exit');
  t.is(code, 0);
});

test('process.exit and an error inside a handler of a worker', async (t) => {
  const leave = (body) => `
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() { ${body} } } });
    connect({ hostname: '127.0.0.1', port: listener.port, socket: { open: (s) => void s.write('x'), data() {} } });
  `;
  const exits = worker(leave('process.exit(5);'));
  t.deepEqual(await once(exits, 'exit'), [5]);
  const throws = worker(leave("throw new Error('in a worker');"));
  let error;
  throws.on('error', (thrown) => {
    error = thrown;
  });
  const code = await new Promise((resolve) => throws.on('exit', resolve));
  t.is(error.message, 'in a worker');
  t.is(code, 1);
});

test('the process ends while workers are busy', async (t) => {
  const { code, err, late } = await outcome(`
    import { Worker } from 'node:worker_threads';
    const text = ${JSON.stringify(`${PRELUDE} ${BUSY}`)};
    let busy = 0;
    for (let i = 0; i < 4; i++) new Worker(text, { eval: true, execArgv: [] }).on('message', () => ++busy === 4 && process.exit(6));
  `);
  t.false(late);
  t.is(code, 6, err);
});

test('sockets of the main thread go on when a worker is terminated', async (t) => {
  const thread = worker(BUSY);
  await once(thread, 'message');
  const { target } = serve(t, { data: (socket, data) => void socket.write(data) });
  const { socket, observer } = await dial(t, target);
  await thread.terminate();
  socket.write('still alive');
  await observer.seen('data');
  t.is(observer.text, 'still alive');
});
