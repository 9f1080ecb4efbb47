import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { dial, pair, serve } from './support/observe.mjs';
import { notOnWindows } from './support/platform.mjs';

const nothing = { data() {} };

test('is bound when it returns', (t) => {
  const { listener } = serve(t);
  t.true(listener.port > 0 && listener.port < 65536);
  t.is(listener.hostname, '127.0.0.1');
  t.is(listener.unix, undefined);
  t.is(typeof listener.fd, 'number');
  const name = {};
  t.is(listener.getsockname(name), undefined);
  t.deepEqual(name, { address: '127.0.0.1', family: 'IPv4', port: listener.port });
});

test('a port in use', (t) => {
  const { listener } = serve(t);
  const error = t.throws(() => listen({ hostname: '127.0.0.1', port: listener.port, socket: nothing }));
  t.like(error, {
    message: 'Failed to listen at 127.0.0.1',
    code: 'EADDRINUSE',
    syscall: 'listen',
    address: '127.0.0.1',
    port: listener.port,
  });
  t.true(error.errno > 0);
});

test('a name that does not resolve has a code', (t) => {
  const error = t.throws(() => listen({ hostname: 'not a host', port: 0, socket: nothing }));
  t.like(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'not a host' });
});

test('every wrong option is an error, and the port stays free', (t) => {
  const { listener } = serve(t);
  const { port } = listener;
  listener.stop();
  const base = { hostname: '127.0.0.1', port, socket: nothing };
  const wrong = [
    { socket: undefined },
    { socket: 5 },
    { socket: { open() {} } },
    { socket: { ...nothing, close: 1 } },
    { socket: { ...nothing, binaryType: 'text' } },
    { port: -1 },
    { port: 0.5 },
    { exclusive: 1 },
    { reusePort: 'yes' },
    { ipv6Only: null },
    { tls: 'yes' },
    { tls: [] },
    { fd: null },
    { unix: 5 },
    { hostname: 'a\0' },
  ];
  for (const change of wrong) {
    const error = t.throws(() => listen({ ...base, ...change }), undefined, JSON.stringify(change));
    t.true(error instanceof TypeError || error instanceof RangeError, `${JSON.stringify(change)}: ${error}`);
    t.regex(error.code, /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
  }
  listen(base).stop();
});

test('stop refuses new connections and keeps the old', async (t) => {
  const { listener, near, far, farSide, target } = await pair(t);
  t.is(listener.stop(), undefined);
  t.is(listener.fd, -1);
  await t.throwsAsync(connect({ ...target, socket: nothing }), { code: 'ECONNREFUSED' });
  near.write('still here');
  await farSide.seen('data');
  t.is(far.listener, listener);
  t.is(listener.stop(), undefined);
});

test('stop(true) closes the accepted sockets inside the call', async (t) => {
  const { listener, far, farSide, nearSide } = await pair(t);
  listener.stop(true);
  t.is(far.readyState, -1);
  t.deepEqual(farSide.events, ['open', 'close']);
  t.deepEqual(farSide.last('close'), [undefined]);
  await nearSide.seen('close');
  t.deepEqual(nearSide.events, ['open', 'end', 'close']);
});

test('stop(true) inside a handler', async (t) => {
  const states = [];
  const { listener, near, nearSide } = await pair(t, {
    server: {
      data(socket) {
        listener.stop(true);
        states.push(socket.readyState, socket.write('x'), socket.end());
      },
    },
  });
  near.write('go');
  await nearSide.seen('close');
  t.deepEqual(states, [-1, -1, -1]);
});

test('dispose is stop(true)', async (t) => {
  const { listener, far } = await pair(t);
  t.is(listener[Symbol.dispose](), undefined);
  t.is(far.readyState, -1);
});

test('data is handed to each socket as it is at accept time', async (t) => {
  const first = {};
  const { listener, observer, target } = serve(t, {}, { data: first });
  await dial(t, target);
  await observer.seen('open', 1);
  listener.data = 'second';
  await dial(t, target);
  await observer.seen('open', 2);
  t.is(observer.sockets[0].data, first);
  t.is(observer.sockets[1].data, 'second');
  observer.sockets[1].data = 'own';
  t.is(listener.data, 'second');
});

notOnWindows('two listeners share a port only if both ask for it', async (t) => {
  const { listener } = serve(t, {}, { reusePort: true });
  const second = listen({ hostname: '127.0.0.1', port: listener.port, reusePort: true, socket: nothing });
  t.throws(() => listen({ hostname: '127.0.0.1', port: listener.port, socket: nothing }), { code: 'EADDRINUSE' });
  second.stop();
});

/** A listener for IPv6 only, and one for IPv4 on the same port. Somebody else may have taken that a moment ago: then with another. */
function twoFamilies(t, attempts = 5) {
  const { listener, observer } = serve(t, {}, { hostname: '::', ipv6Only: true });
  const { port } = listener;
  try {
    return { port, six: observer, four: serve(t, {}, { hostname: '127.0.0.1', port }).observer };
  } catch (error) {
    if (error.code !== 'EADDRINUSE' || attempts === 1) throw error;
    return twoFamilies(t, attempts - 1);
  }
}

test('ipv6Only', async (t) => {
  const { port, six, four } = twoFamilies(t);
  for (const [hostname, family, observer, other] of [
    ['127.0.0.1', 'IPv4', four, six],
    ['::1', 'IPv6', six, four],
  ]) {
    const before = other.events.length;
    const { socket } = await dial(t, { hostname, port });
    t.is(socket.remoteFamily, family);
    await observer.seen('open');
    t.is(other.events.length, before);
  }
});

test('a connection that was gone before the loop turned is reported in full', async (t) => {
  const { listener, observer } = serve(t);
  const { spawnSync } = await import('node:child_process');
  const visitor = `const s = require('node:net').connect(${listener.port}, '127.0.0.1', () => s.end('short visit')); s.resume()`;
  const { status } = spawnSync(process.execPath, ['-e', `${visitor}; setTimeout(() => process.exit(0), 100)`]);
  t.is(status, 0);
  await observer.seen('close');
  t.deepEqual(observer.events, ['open', 'data', 'end', 'close']);
  t.is(observer.text, 'short visit');
});
