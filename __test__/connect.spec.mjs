import test from 'ava';
import { connect } from 'bun-sockets';
import { dial, Observer, pair, serve } from './support/observe.mjs';
import { errnoOf, notOnWindows, withLoopbacks } from './support/platform.mjs';
import { accepted, rawClient, rawServer } from './support/raw.mjs';

const nothing = { data() {} };

/** A port where nobody listens, nor will while the test runs: it is that of a connection's other end. */
async function closedPort(t) {
  const { target } = await rawServer(t);
  const { localPort } = await rawClient(t, target);
  return localPort;
}

test('connects and opens exactly once, with the same socket everywhere', async (t) => {
  const { near, nearSide, far, farSide, listener } = await pair(t);
  t.is(nearSide.socket, near);
  t.deepEqual(nearSide.events, ['open']);
  t.is(far.listener, listener);
  t.is(near.listener, undefined);
  near.write('hello');
  await farSide.seen('data');
  t.is(farSide.text, 'hello');
});

test('addresses are those of the two ends', async (t) => {
  const { near, far, listener } = await pair(t);
  t.is(near.remotePort, listener.port);
  t.is(far.localPort, listener.port);
  t.is(near.localPort, far.remotePort);
  t.is(near.remoteAddress, '127.0.0.1');
  t.is(far.remoteAddress, near.localAddress);
  t.is(near.remoteFamily, 'IPv4');
});

test('the promise resolves with the socket after open has returned', async (t) => {
  const { target } = serve(t);
  const order = [];
  const { socket } = await dial(t, target, {
    open: () => {
      order.push('open');
      process.nextTick(() => order.push('tick'));
      queueMicrotask(() => order.push('microtask'));
    },
  }).then((result) => {
    order.push('promise');
    return result;
  });
  t.is(order[0], 'open');
  t.is(socket.readyState, 1);
});

test('refused: connectError, then the rejection with an error of its own', async (t) => {
  const port = await closedPort(t);
  let seen;
  const observer = new Observer({
    connectError(socket, error) {
      seen = error;
      t.is(socket.readyState, -1);
      t.is(socket.write('x'), -1);
      t.is(socket.data, 'kept');
    },
  });
  const error = await t.throwsAsync(connect({ hostname: '127.0.0.1', port, data: 'kept', socket: observer.handlers }));
  t.like(error, {
    message: 'Failed to connect',
    code: 'ECONNREFUSED',
    errno: errnoOf('ECONNREFUSED'),
    syscall: 'connect',
  });
  t.not(error, seen);
  t.is(error.code, seen.code);
  t.deepEqual(observer.events, ['connectError']);
});

notOnWindows(
  'a server that answers and resets was reached, by address or name, and what it said arrives',
  async (t) => {
    const { server } = await rawServer(t);
    server.on('connection', (peer) => peer.write('bye', () => peer.resetAndDestroy()));
    const { port } = server.address();
    for (const hostname of ['127.0.0.1', 'localhost']) {
      for (let round = 0; round < 20; round++) {
        const observer = new Observer();
        const socket = await connect({ hostname, port, socket: observer.handlers });
        await observer.seen('close');
        t.deepEqual(
          [observer.text, observer.last('close')[0]?.code, socket.readyState],
          ['bye', 'ECONNRESET', -1],
          hostname,
        );
      }
    }
  },
);

test('connectError may replace the error', async (t) => {
  const port = await closedPort(t);
  const attempt = (connectError) => connect({ hostname: '127.0.0.1', port, socket: { ...nothing, connectError } });
  await t.throwsAsync(
    attempt(() => {
      throw new RangeError('thrown');
    }),
    { instanceOf: RangeError, message: 'thrown' },
  );
  await t.throwsAsync(
    attempt(() => new TypeError('returned')),
    { instanceOf: TypeError, message: 'returned' },
  );
  await t.throwsAsync(
    attempt(() => 'ignored'),
    { code: 'ECONNREFUSED' },
  );
});

test('a name that stands for both families reaches a server on either', async (t) => {
  for (const hostname of ['127.0.0.1', '::1']) {
    const { listener } = serve(t, {}, { hostname });
    const { socket } = await dial(t, { hostname: 'localhost', port: listener.port });
    t.is(socket.remoteAddress, hostname);
  }
});

test('a name for several addresses that all refuse: one error, the single ones in its cause', async (t) => {
  const port = await closedPort(t);
  const error = await t.throwsAsync(connect({ hostname: 'localhost', port, socket: nothing }));
  t.is(error.code, 'ECONNREFUSED');
  // The name stands for both loopback addresses, whatever the hosts file knows of it.
  t.true(error.cause instanceof AggregateError);
  t.deepEqual(
    error.cause.errors.map(({ code }) => code),
    ['ECONNREFUSED', 'ECONNREFUSED'],
  );
});

withLoopbacks('localAddress and localPort are bound, for host names too', async (t) => {
  const { observer, target } = serve(t);
  const ports = [await closedPort(t), await closedPort(t)];
  for (const [i, hostname] of ['127.0.0.1', 'localhost'].entries()) {
    const local = { localAddress: '127.0.0.9', localPort: ports[i] };
    const { socket } = await dial(t, { ...target, hostname }, {}, local);
    t.is(socket.localAddress, '127.0.0.9');
    t.is(socket.localPort, ports[i]);
    await observer.seen('open', i + 1);
    t.is(observer.sockets[i].remoteAddress, '127.0.0.9');
    t.is(observer.sockets[i].remotePort, ports[i]);
  }
});

test('wrong options are thrown at once and leave nothing open', async (t) => {
  const { server, target } = await rawServer(t);
  let connections = 0;
  server.on('connection', () => connections++);
  const wrong = [
    [{ ...target, socket: null }, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{ ...target, socket: {} }, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{ ...target, socket: nothing, port: 'x' }, RangeError, 'ERR_OUT_OF_RANGE'],
    [{ ...target, socket: nothing, port: 65536 }, RangeError, 'ERR_OUT_OF_RANGE'],
    [{ ...target, socket: nothing, allowHalfOpen: null }, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{ ...target, socket: nothing, hostname: 'a\0b' }, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{ ...target, socket: nothing, fd: '1' }, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{ ...target, socket: nothing, signal: 5 }, TypeError, 'ERR_INVALID_ARG_TYPE'],
    [{ socket: nothing }, TypeError, 'ERR_INVALID_ARG_TYPE'],
  ];
  for (const [options, instanceOf, code] of wrong) t.throws(() => connect(options), { instanceOf, code });
  // The connection of a failed call would be here before this one.
  await dial(t, target);
  await accepted(server);
  t.is(connections, 1);
});

test('a thousand at the same time', async (t) => {
  const { target, observer } = serve(t, { data: (socket, data) => void socket.write(data) }, { keepData: false });
  const clients = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const { socket, observer: side } = await dial(t, target);
      socket.write(`client ${i}`);
      await side.seen('data');
      return side.text === `client ${i}`;
    }),
  );
  t.true(clients.every(Boolean));
  t.is(observer.sockets.length, 1000);
});

test('talks to a server of node:net', async (t) => {
  const { server, target } = await rawServer(t);
  server.on('connection', (socket) => socket.end('from node:net'));
  const { observer } = await dial(t, target);
  await observer.seen('close');
  t.is(observer.text, 'from node:net');
  t.deepEqual(observer.events, ['open', 'data', 'end', 'close']);
});
