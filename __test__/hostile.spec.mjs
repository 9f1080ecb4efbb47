// Peers that mean no good, on plain sockets: whatever they do, each of them is told closed once, and a good connection goes on.

import { once } from 'node:events';
import net from 'node:net';
import test from 'ava';
import { bystander } from './support/bystander.mjs';
import { LIMIT_MS, serve } from './support/observe.mjs';
import { program } from './support/processes.mjs';

const TORTURE = process.env.BUN_SOCKETS_TORTURE;

/** An echo server that counts. */
function echo(t, own = {}, options = {}) {
  const counts = { opened: 0, closed: 0 };
  const served = serve(
    t,
    {
      data: (socket, data) => void socket.write(data),
      ...own,
      open(socket) {
        counts.opened++;
        own.open?.(socket);
      },
      close(socket, error) {
        counts.closed++;
        own.close?.(socket, error);
      },
    },
    { keepData: false, ...options },
  );
  return { ...served, counts };
}

const raw = async ({ hostname, port }) => {
  const socket = net.connect(port, hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

async function until(reached, what) {
  const from = Date.now();
  while (!reached()) {
    if (Date.now() - from > LIMIT_MS) throw new Error(`never: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const ROUNDS = TORTURE ? 50 : 5;

/** Where in its life a connection is reset. */
const RESETS = {
  'right after connecting': () => {},
  'with data under way': (socket) => void socket.write('x'.repeat(100_000)),
  'after an answer': async (socket) => {
    socket.write('x');
    await once(socket, 'data');
  },
  'after its FIN': async (socket) => {
    socket.end('x');
    await once(socket, 'data').catch(() => {});
  },
  'with answers unread': async (socket) => {
    socket.pause();
    socket.write('x'.repeat(1 << 20));
    await new Promise((resolve) => setTimeout(resolve, 5));
  },
};

for (const allowHalfOpen of [false, true]) {
  test.serial(`resets at every point, allowHalfOpen ${allowHalfOpen}`, async (t) => {
    const { target, counts } = echo(t, {}, { allowHalfOpen });
    const good = await bystander(t, target);
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(
        Object.values(RESETS).map(async (before) => {
          const socket = await raw(target);
          await before(socket);
          socket.resetAndDestroy();
        }),
      );
    }
    const hostile = ROUNDS * Object.keys(RESETS).length;
    // Whoever was reset in the backlog was perhaps never accepted.
    await until(
      () => counts.closed === counts.opened - 1,
      () => `${counts.opened} opened, ${counts.closed} closed`,
    );
    t.true(counts.opened - 1 <= hostile && counts.opened > hostile / 2, `${counts.opened} of ${hostile}`);
    await good.finish();
  });
}

test.serial('resets of paused, half-closed and ending sockets', async (t) => {
  const states = {
    paused: (socket) => socket.pause(),
    shut: (socket) => socket.shutdown(),
    'ending with a lot to send': (socket) => void socket.end(Buffer.alloc(8 << 20)),
    full: (socket) => {
      while (socket.write(Buffer.alloc(1 << 16)) > 0);
    },
  };
  for (const [name, change] of Object.entries(states)) {
    for (let round = 0; round < ROUNDS; round++) {
      const { target, counts, observer } = echo(t, { open: change }, { allowHalfOpen: true });
      const socket = await raw(target);
      socket.pause();
      await observer.seen('open');
      socket.write('x');
      socket.resetAndDestroy();
      await until(
        () => counts.closed === 1,
        () => `closed after a reset while ${name}`,
      );
    }
  }
  t.pass();
});

test.serial('a flood of connects that are reset at once', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target);
  const flood = program(
    `
    import net from 'node:net';
    let left = ${TORTURE ? 20_000 : 2000};
    const one = () => new Promise((resolve) => {
      const s = net.connect(${target.port}, '127.0.0.1', () => s.resetAndDestroy());
      s.on('error', () => {}).on('close', resolve);
    });
    await Promise.all(Array.from({ length: 100 }, async () => { while (left-- > 0) await one(); }));
  `,
    { limit: 90_000 },
  );
  const { code, err } = await flood.ended;
  t.is(code, 0, err);
  await until(
    () => counts.closed === counts.opened - 1,
    () => JSON.stringify(counts),
  );
  const { rss } = await good.finish();
  t.true(rss < 64, `RSS grew by ${rss} MiB`);
});

test.serial('slow senders: one byte at a time', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target);
  const slow = await Promise.all(Array.from({ length: 200 }, () => raw(target)));
  for (let n = 0; n < 20; n++) {
    for (const socket of slow) socket.write('x');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.is(counts.closed, 0);
  for (const socket of slow) socket.destroy();
  await until(
    () => counts.closed === slow.length,
    () => JSON.stringify(counts),
  );
  await good.finish();
});

test.serial('peers that never read hold no memory of ours', async (t) => {
  const chunk = Buffer.alloc(1 << 16);
  let taken = 0;
  const { target, counts } = echo(t, {
    data: (socket, data) => {
      if (data.toString() !== 'flood') return void socket.write(data);
      for (let count; (count = socket.write(chunk)) > 0; ) taken += count;
    },
  });
  const good = await bystander(t, target);
  const before = process.memoryUsage();
  const deaf = await Promise.all(Array.from({ length: 50 }, () => raw(target)));
  for (const socket of deaf) socket.pause().write('flood');
  await until(
    () => taken > 50 * (1 << 16),
    () => `only ${taken} bytes taken`,
  );
  const { external } = process.memoryUsage();
  t.true(external - before.external < 32 << 20, `external memory grew by ${external - before.external}`);
  for (const socket of deaf) socket.destroy();
  await until(
    () => counts.closed === deaf.length,
    () => JSON.stringify(counts),
  );
  await good.finish();
});

test.serial('half-open peers: FIN and silence', async (t) => {
  const { target, counts } = echo(t, {}, { allowHalfOpen: true });
  const good = await bystander(t, target);
  const half = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const socket = net.connect({ port: target.port, host: target.hostname, allowHalfOpen: true });
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.end('bye');
      return socket;
    }),
  );
  await Promise.all(half.map((socket) => once(socket, 'data')));
  t.is(counts.closed, 0, 'a half-open socket stays until this side ends too');
  for (const socket of half) socket.resetAndDestroy();
  await until(
    () => counts.closed === half.length,
    () => JSON.stringify(counts),
  );
  await good.finish();
});
