import test from 'ava';
import { outcome } from './support/processes.mjs';

const ROUNDS = process.env.BUN_SOCKETS_TORTURE ? 20 : 5;

/** Runs rounds of `round` in a process with --expose-gc and reports memory, descriptors and sockets left over. */
const measure = (round) => `
  import { connect, listen } from 'bun-sockets';
  import { openDescriptors } from './__test__/support/descriptors.mjs';
  const collected = { sockets: 0 };
  const registry = new FinalizationRegistry(() => collected.sockets++);
  let made = 0;
  const watch = (socket) => { made++; registry.register(socket); return socket; };
  const rest = async () => {
    for (let i = 0; i < 6; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
  };
  const round = async () => { ${round} };
  await round();
  await rest();
  const before = { ...process.memoryUsage(), fds: openDescriptors().length };
  for (let i = 0; i < ${ROUNDS}; i++) await round();
  await rest();
  const after = { ...process.memoryUsage(), fds: openDescriptors().length };
  console.log(JSON.stringify({
    made, collected: collected.sockets, fds: after.fds - before.fds,
    heap: after.heapUsed - before.heapUsed, external: after.external - before.external, rss: after.rss - before.rss,
  }));
`;

async function measured(t, round) {
  const { out, err, code } = await outcome(measure(round), {
    // A young generation that cannot grow: V8 would take 18 MB for it at some moment.
    args: ['--expose-gc', '--max-semi-space-size=1'],
    limit: 110_000,
  });
  t.is(code, 0, err);
  return JSON.parse(out);
}

const CONNECTIONS = `
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { open: watch, data: (s, d) => void s.write(d) } });
  const one = () => new Promise((resolve, reject) => connect({
    hostname: '127.0.0.1', port: listener.port,
    socket: { open: (s) => { watch(s).write('x'); }, data: (s) => s.end(), close: resolve },
  }).catch(reject));
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 50 }, one));
  listener.stop(true);
`;

test('1,000 connections a round leave no socket, descriptor or memory behind', async (t) => {
  const { made, collected, fds, heap, rss } = await measured(t, CONNECTIONS);
  t.is(made, (ROUNDS + 1) * 2000);
  // The last ones may still be on the stack of whoever ran last.
  t.true(made - collected < 20, `${made - collected} of ${made} sockets are still there`);
  t.is(fds, 0);
  t.true(heap < 2 << 20, `heap grew by ${heap}`);
  t.true(rss < 12 << 20, `RSS grew by ${rss}`);
});

test('received data is freed', async (t) => {
  const { external, rss } = await measured(
    t,
    `
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    const chunk = Buffer.alloc(1 << 20);
    let left = 40;
    const send = (s) => {
      while (left > 0 && s.write(chunk) === chunk.length) left--;
      if (left === 0) s.end();
      left--;
    };
    await new Promise((resolve) => connect({
      hostname: '127.0.0.1', port: listener.port, socket: { open: send, drain: send, data() {}, close: resolve },
    }));
    listener.stop(true);
  `,
  );
  t.true(external < 16 << 20, `external memory grew by ${external}`);
  t.true(rss < 48 << 20, `RSS grew by ${rss}`);
});

test('failed attempts leave nothing', async (t) => {
  const { fds, heap } = await measured(
    t,
    `
    const gone = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    gone.stop();
    for (let i = 0; i < 200; i++) {
      await connect({ hostname: i % 20 === 0 ? 'localhost' : '127.0.0.1', port: gone.port, socket: { data() {} } }).catch(() => {});
      try { listen({ hostname: '127.0.0.1', port: 0, socket: { data: 5 } }); } catch {}
      try { listen({ hostname: '203.0.113.1', port: 0, socket: { data() {} } }); } catch {}
    }
  `,
  );
  t.is(fds, 0);
  t.true(heap < 2 << 20, `heap grew by ${heap}`);
});

test('listener and socket go on when the program has dropped them', async (t) => {
  const { out, code, err } = await outcome(
    `
    import net from 'node:net';
    import { listen } from 'bun-sockets';
    const port = (() => listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.write(d) } }).port)();
    const peer = net.connect(port, '127.0.0.1');
    peer.write('1');
    peer.once('data', async () => {
      for (let i = 0; i < 10; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
      peer.write('2');
      peer.once('data', (d) => { console.log(d.toString()); process.exit(0); });
    });
  `,
    { args: ['--expose-gc'] },
  );
  t.is(code, 0, err);
  t.is(out, '2\n');
});
