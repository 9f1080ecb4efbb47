import { Worker } from 'node:worker_threads';
import test from 'ava';
import { outcome } from './support/processes.mjs';

const START = `import { udpSocket } from 'bun-sockets';
  const far = await udpSocket({ hostname: '127.0.0.1', socket: { data(s, d, p, a) { s.send(d, p, a); } } });`;

const ENDS = {
  closed: `${START} far.close();`,
  disposed: `${START} far[Symbol.dispose]();`,
  'unref’d': `${START} far.unref();`,
  'unref’d after two refs': `${START} far.ref(); far.ref(); far.unref();`,
  'closed by its handler': `${START} far.unref();
    const near = await udpSocket({ hostname: '127.0.0.1', socket: { data: (s) => s.close() } });
    near.send('x', far.port, '127.0.0.1');`,
  aborted: `import { udpSocket } from 'bun-sockets';
    const controller = new AbortController();
    await udpSocket({ signal: controller.signal });
    controller.abort();`,
  'exit in a handler': `${START}
    const near = await udpSocket({ hostname: '127.0.0.1', socket: { data: () => process.exit() } });
    near.sendMany(new Array(40).fill(['x', far.port, '127.0.0.1']).flat());`,
};

for (const [name, text] of Object.entries(ENDS)) {
  test(`ends: ${name}`, async (t) => {
    const { code, err, late } = await outcome(text);
    t.false(late);
    t.is(code, 0, err);
  });
}

for (const [name, text] of Object.entries({
  open: `import { udpSocket } from 'bun-sockets'; await udpSocket({});`,
  'ref’d after unref': `${START} far.unref(); far.ref();`,
})) {
  test(`goes on: ${name}`, async (t) => {
    const { late } = await outcome(text, { limit: 700 });
    t.true(late);
  });
}

test('a socket that the program has dropped goes on', async (t) => {
  const { code, out, err } = await outcome(
    `
    import dgram from 'node:dgram';
    import { udpSocket } from 'bun-sockets';
    const port = await (async () => (await udpSocket({
      hostname: '127.0.0.1', socket: { data(s, d, p, a) { s.send(d, p, a); } },
    })).port)();
    const peer = dgram.createSocket('udp4');
    peer.send('1', port, '127.0.0.1');
    peer.once('message', async () => {
      for (let i = 0; i < 10; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
      peer.send('2', port, '127.0.0.1');
      peer.once('message', (d) => { console.log(String(d)); process.exit(0); });
    });
  `,
    { args: ['--expose-gc'] },
  );
  t.is(code, 0, err);
  t.is(out, '2\n');
});

test('sockets opened and closed leave nothing behind', async (t) => {
  const { code, out, err } = await outcome(
    `
    import { udpSocket } from 'bun-sockets';
    import { openDescriptors } from './__test__/support/descriptors.mjs';
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    const rest = async () => {
      for (let i = 0; i < 6; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
    };
    const round = async () => {
      for (let i = 0; i < 500; i++) {
        await new Promise(async (resolve) => {
          const socket = await udpSocket({ hostname: '127.0.0.1', socket: { data(s) { s.close(); resolve(); } } });
          registry.register(socket);
          socket.sendMany(['x', socket.port, '127.0.0.1', 'y', socket.port, '127.0.0.1']);
        });
      }
    };
    await round();
    await rest();
    const state = () => ({ fds: openDescriptors().length, ...process.memoryUsage() });
    const before = state();
    for (let i = 0; i < 5; i++) await round();
    await rest();
    const after = state();
    console.log(JSON.stringify({ collected, fds: after.fds - before.fds, heap: after.heapUsed - before.heapUsed, rss: after.rss - before.rss }));
  `,
    { args: ['--expose-gc'], limit: 60_000 },
  );
  t.is(code, 0, err);
  const { collected, fds, heap, rss } = JSON.parse(out);
  t.true(collected > 2980, `${collected} of 3000 were collected`);
  t.is(fds, 0);
  t.true(heap < 2 << 20, `heap grew by ${heap}`);
  t.true(rss < 24 << 20, `RSS grew by ${rss}`);
});

test('worker threads, some of them terminated under load', async (t) => {
  const text = `
    const { parentPort } = require('node:worker_threads');
    const { udpSocket } = require('bun-sockets');
    let echoes = 0;
    udpSocket({ hostname: '127.0.0.1', socket: { data(s, d, p, a) {
      if (++echoes === 200) parentPort.postMessage('running');
      s.send(d, p, a);
    } } }).then((socket) => socket.sendMany(new Array(20).fill(['x', socket.port, '127.0.0.1']).flat()));
  `;
  for (let round = 0; round < 3; round++) {
    const workers = Array.from({ length: 4 }, () => new Worker(text, { eval: true }));
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise((resolve, reject) => {
            worker.once('message', resolve);
            worker.once('error', reject);
          }),
      ),
    );
    const codes = await Promise.all(workers.map((worker) => worker.terminate()));
    t.deepEqual(codes, [1, 1, 1, 1]);
  }
});
