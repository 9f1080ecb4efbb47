// The memory of large events is collected early (`lib/collection.js`), which a program sees in nothing but its garbage collections.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { outcome, root } from './support/processes.mjs';

/** So much that a collection is due after the function for it has been made, which takes 12 MiB itself. */
const TOTAL = 96 * 1024 * 1024;

/** Sends itself so much in large pieces, checks it, and prints the collections that were asked for, and who has `gc`. */
const TRANSFER = `
  import vm from 'node:vm';
  import { PerformanceObserver, constants } from 'node:perf_hooks';
  import { connect, listen } from 'bun-sockets';

  const TOTAL = ${TOTAL};
  let asked = 0;
  const observer = new PerformanceObserver((list) => {
    asked += list.getEntries().filter(({ detail }) => (detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0).length;
  });
  observer.observe({ entryTypes: ['gc'] });

  const kept = [];
  let arrived = 0;
  let wrong = 0;
  const piece = Buffer.alloc(50_021);
  for (let index = 0; index < piece.length; index += 1) piece[index] = index % 251;
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket, data) {
        // The first and the last byte of each event, and all bytes of some that are kept through the collections.
        for (const index of [0, data.length - 1]) wrong += data[index] === ((arrived + index) % piece.length) % 251 ? 0 : 1;
        if (kept.length < 20) kept.push([arrived, data]);
        arrived += data.length;
        if (arrived >= TOTAL) socket.end();
      },
    },
  });
  let sent = 0;
  const fill = (socket) => {
    while (sent < TOTAL) {
      const from = sent % piece.length;
      const count = socket.write(piece, from);
      sent += Math.max(count, 0);
      if (count < piece.length - from) return;
    }
  };
  await new Promise((resolve) => {
    connect({ hostname: '127.0.0.1', port: listener.port, socket: { open: fill, drain: fill, data() {}, close: resolve } });
  });
  listener.stop();
  for (const [start, data] of kept) {
    for (const [index, byte] of data.entries()) wrong += byte === ((start + index) % piece.length) % 251 ? 0 : 1;
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(JSON.stringify({ asked, arrived: arrived >= TOTAL, wrong, here: typeof gc, elsewhere: vm.runInNewContext('typeof gc') }));
`;

/** The same in a worker thread. */
const IN_WORKER = `
  import { Worker } from 'node:worker_threads';

  new Worker(new URL(${JSON.stringify(
    `data:text/javascript,${encodeURIComponent(TRANSFER.replace("'bun-sockets'", `'${pathToFileURL(path.join(root, 'index.mjs'))}'`))}`,
  )}));
`;

async function transfer(t, options, program = TRANSFER) {
  const { out, err, code } = await outcome(program, options);
  t.is(code, 0, err);
  return JSON.parse(out);
}

test('large data has its memory collected, is not changed by it, and the program has no more than before', async (t) => {
  const { asked, ...rest } = await transfer(t);
  t.true(asked > 0);
  t.deepEqual(rest, { arrived: true, wrong: 0, here: 'undefined', elsewhere: 'undefined' });
});

test('a program that was given the function keeps it', async (t) => {
  const { asked, ...rest } = await transfer(t, { args: ['--expose-gc'] });
  t.true(asked > 0);
  t.deepEqual(rest, { arrived: true, wrong: 0, here: 'function', elsewhere: 'function' });
});

test('BUN_SOCKETS_GC=0: nothing is collected that V8 would not collect by itself', async (t) => {
  const { asked, ...rest } = await transfer(t, { env: { BUN_SOCKETS_GC: '0' } });
  t.is(asked, 0);
  t.deepEqual(rest, { arrived: true, wrong: 0, here: 'undefined', elsewhere: 'undefined' });
});

test('a worker thread, which may be terminated at any moment, changes no flag of the process', async (t) => {
  const { asked, ...rest } = await transfer(t, {}, IN_WORKER);
  t.is(asked, 0);
  t.deepEqual(rest, { arrived: true, wrong: 0, here: 'undefined', elsewhere: 'undefined' });
});

test('a worker thread of a program that was given the function collects, too', async (t) => {
  const { asked, ...rest } = await transfer(t, { args: ['--expose-gc'] }, IN_WORKER);
  t.true(asked > 0);
  t.deepEqual(rest, { arrived: true, wrong: 0, here: 'function', elsewhere: 'function' });
});
