import { once } from 'node:events';
import test from 'ava';
import { dial, pair } from './support/observe.mjs';
import { errnoOf } from './support/platform.mjs';
import { accepted, everything, rawServer } from './support/raw.mjs';

const WAYS = [
  ['end()', (s) => s.end(), 0],
  ["end('bye')", (s) => s.end('bye'), 3],
  ['close()', (s) => s.close(), undefined],
  ['dispose', (s) => s[Symbol.dispose](), 0],
];

for (const [way, leave, returned] of WAYS) {
  test(`${way} closes at once, in order, once`, async (t) => {
    const { near, nearSide, farSide } = await pair(t);
    t.is(leave(near), returned);
    t.is(near.readyState, -1);
    t.deepEqual(nearSide.events, ['open', 'close']);
    t.deepEqual(nearSide.last('close'), [undefined]);
    await farSide.seen('close');
    t.deepEqual(farSide.events, returned === 3 ? ['open', 'data', 'end', 'close'] : ['open', 'end', 'close']);
    t.is(nearSide.count('close'), 1);
  });
}

test('terminate resets', async (t) => {
  const { near, nearSide, farSide } = await pair(t);
  t.is(near.terminate(), undefined);
  t.deepEqual(nearSide.events, ['open', 'close']);
  await farSide.seen('close');
  t.deepEqual(farSide.events, ['open', 'close']);
  const [error] = farSide.last('close');
  t.like(error, {
    message: 'ECONNRESET: connection reset by peer, read',
    code: 'ECONNRESET',
    errno: errnoOf('ECONNRESET'),
    syscall: 'read',
  });
});

test('data before a reset is still delivered', async (t) => {
  const { server, target } = await rawServer(t);
  const { socket, observer } = await dial(t, target);
  const peer = await accepted(server);
  socket.pause();
  peer.write('before the reset', () => setTimeout(() => peer.resetAndDestroy(), 20));
  await observer.seen('close');
  t.is(observer.last('close')[0].code, 'ECONNRESET');
});

test('end with more than fits sends all of it, then the FIN', async (t) => {
  const SIZE = 32 * 1024 * 1024;
  const { server, target } = await rawServer(t, { pauseOnConnect: true });
  const { socket, observer } = await dial(t, target);
  const peer = await accepted(server);
  const data = Buffer.alloc(SIZE);
  for (let i = 0; i < SIZE; i += 4) data.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  const copy = Buffer.from(data);
  t.is(socket.end(data), SIZE);
  data.fill(0); // what end() took is its own
  t.is(socket.write('x'), -1);
  t.is(observer.count('close'), 0);
  const all = everything(peer);
  peer.resume();
  t.is(Buffer.compare(await all, copy), 0);
  await observer.seen('close');
  t.is(socket.bytesWritten, SIZE);
  t.is(observer.count('drain'), 0);
});

test('what write took is delivered although close follows at once', async (t) => {
  const { server, target } = await rawServer(t, { pauseOnConnect: true });
  const { socket } = await dial(t, target);
  const peer = await accepted(server);
  const chunk = Buffer.alloc(1 << 20, 'x');
  let taken = 0;
  for (let n = chunk.length; n === chunk.length; taken += n) n = socket.write(chunk);
  socket.close();
  const all = everything(peer);
  peer.resume();
  t.is((await all).length, taken);
});

test('closing with unread data resets the peer', async (t) => {
  const { server, target } = await rawServer(t);
  const { socket, observer } = await dial(t, target);
  const peer = await accepted(server);
  const failed = once(peer, 'error');
  socket.pause();
  await new Promise((resolve) => peer.write('never read', resolve));
  socket.close();
  t.deepEqual(observer.events, ['open', 'close']);
  t.is((await failed)[0].code, 'ECONNRESET');
});

for (const event of ['open', 'data', 'end']) {
  for (const way of ['close', 'end', 'terminate']) {
    test(`${way} inside ${event}: close comes inside, and nothing follows`, async (t) => {
      const { server, target } = await rawServer(t);
      server.on('connection', (peer) => peer.end('data and FIN'));
      const order = [];
      const { observer } = await dial(t, target, {
        [event](socket) {
          socket[way]();
          order.push('returned', socket.readyState);
        },
        close: () => order.push('close'),
      });
      await observer.seen('close');
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      t.deepEqual(order, ['close', 'returned', -1]);
      // The observer notes an event before it runs the handler given to it.
      t.is(observer.events.at(-1), 'close');
    });
  }
}

test('a closed socket answers and does not throw', async (t) => {
  const { near } = await pair(t);
  near.close();
  t.is(near.write('x'), -1);
  t.is(near.write(5), -1);
  t.is(near.end('x'), -1);
  t.is(near[Symbol.dispose](), -1);
  for (const method of ['flush', 'close', 'terminate', 'shutdown', 'ref', 'unref', 'pause', 'resume']) {
    t.is(near[method](), undefined, method);
  }
  t.is(near.timeout(1), undefined);
  t.is(near.reload({ socket: { data() {} } }), undefined);
  t.is(near.setNoDelay(), false);
  t.is(near.setKeepAlive(true), false);
  t.is(near.setTypeOfService(8), errnoOf('EBADF'));
  t.is(near.fd, -1);
  t.is(near.remotePort, undefined);
  t.throws(() => near.upgradeTLS({ tls: true, socket: { data() {} } }), {
    instanceOf: TypeError,
    message: 'upgradeTLS requires an established socket',
    code: 'ERR_INVALID_ARG_TYPE',
  });
});
