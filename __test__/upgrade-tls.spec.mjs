import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { Observer, pair } from './support/observe.mjs';
import { accepted, rawServer } from './support/raw.mjs';
import { ca, hasOpenssl, identity, openssl, pathOf, SecureObserver } from './support/secure.mjs';

test('STARTTLS between two of ours, and the order of everything', async (t) => {
  const server = { secure: new SecureObserver() };
  const client = { secure: new SecureObserver() };
  const { near, far, nearSide, farSide } = await pair(t, {
    server: {
      data(socket, data) {
        if (String(data) !== 'STARTTLS') return;
        socket.write('go ahead');
        server.pair = socket.upgradeTLS({
          tls: identity('server-ec'),
          socket: server.secure.handlers,
          data: 'secure data',
        });
      },
    },
    client: {
      data(socket, data) {
        if (String(data) !== 'go ahead') return;
        client.pair = socket.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: client.secure.handlers });
      },
    },
    serverOptions: { data: 'plain data' },
  });
  near.write('STARTTLS');
  await Promise.all([server.secure.seen('drain'), client.secure.seen('drain')]);
  t.deepEqual(client.secure.events, ['open', 'handshake', 'drain']);
  const [raw, secure] = server.pair;
  t.is(far.readyState, -1);
  t.is(far.write('x'), -1);
  t.is(far.remoteAddress, undefined);
  t.deepEqual([raw.data, secure.data, far.data], ['plain data', 'secure data', 'plain data']);
  t.is(secure.listener, undefined);
  t.truthy(raw.listener);
  t.is(raw.readyState, 1);
  t.is(raw.write('would break the records'), -1);
  t.is(raw.remoteAddress, '127.0.0.1');
  const [, nearSecure] = client.pair;
  t.true(nearSecure.authorized);
  nearSecure.write('through TLS');
  await server.secure.seen('data');
  t.is(server.secure.text, 'through TLS');
  secure.end('and back');
  await Promise.all([client.secure.seen('close'), server.secure.seen('close')]);
  t.is(client.secure.text, 'and back');
  // The plain handlers saw the greeting, then records, then the end.
  for (const side of [nearSide, farSide]) {
    const records = side.calls.filter(([event]) => event === 'data').slice(1);
    t.true(records.length > 0 && records.every(([, data]) => data[0] >= 20 && data[0] <= 23));
    t.is(side.count('close'), 1);
    t.is(side.count('end'), 0);
  }
});

test('the raw handlers are told of the close first', async (t) => {
  for (const close of [
    ([raw]) => raw.close(),
    ([, secure]) => secure.close(),
    ([, secure]) => secure.terminate(),
    ([raw]) => raw.end(),
  ]) {
    const order = [];
    const { near, far } = await pair(t, { client: { close: () => void order.push('raw') } });
    const observer = new SecureObserver({ close: () => void order.push('tls') });
    const both = near.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: observer.handlers });
    const other = new SecureObserver({ error: () => {} });
    far.upgradeTLS({ tls: identity('server-ec'), socket: other.handlers });
    await observer.seen('drain');
    close(both);
    await observer.seen('close');
    await other.seen('close');
    t.deepEqual(order, ['raw', 'tls']);
    t.deepEqual(
      both.map((socket) => socket.readyState),
      [-1, -1],
    );
  }
});

test('without a handshake handler open comes after the handshake', async (t) => {
  const { near, far } = await pair(t);
  const observer = new SecureObserver({}, { withHandshake: false });
  near.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: observer.handlers });
  t.deepEqual(observer.events, []);
  far.upgradeTLS({ tls: identity('server-ec'), socket: { data() {} } });
  await observer.seen('drain');
  t.deepEqual(observer.events, ['open', 'drain']);
  t.true(observer.socket.authorized);
});

test('isServer turns the sides around', async (t) => {
  const { near, far } = await pair(t);
  const server = new SecureObserver();
  const client = new SecureObserver();
  near.upgradeTLS({ isServer: true, tls: identity('server-ec'), socket: server.handlers });
  far.upgradeTLS({ isServer: false, tls: { ca, serverName: 'localhost' }, socket: client.handlers });
  await Promise.all([server.seen('drain'), client.seen('drain')]);
  t.true(client.socket.authorized);
});

test('bytes that already wait belong to TLS', async (t) => {
  const { near, far, farSide } = await pair(t);
  far.pause();
  const client = new SecureObserver();
  near.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: client.handlers });
  // Later, the ClientHello lies in the kernel.
  await new Promise((resolve) => setImmediate(resolve));
  const server = new SecureObserver();
  const [raw] = far.upgradeTLS({ tls: identity('server-ec'), socket: server.handlers });
  raw.resume();
  await Promise.all([server.seen('drain'), client.seen('drain')]);
  t.true(farSide.count('data') > 0);
});

test('a refused certificate and a failed handshake', async (t) => {
  const { near, far, nearSide } = await pair(t);
  const client = new SecureObserver();
  near.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: client.handlers });
  far.upgradeTLS({ tls: identity('self-signed'), socket: { data() {} } });
  await client.seen('close');
  t.is(client.calls[1][2].code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  t.is(nearSide.count('close'), 1);
});

test('wrong arguments leave the socket as it is', async (t) => {
  const { near, farSide } = await pair(t);
  const socket = { data() {} };
  for (const [args, message] of [
    [[], 'Expected 1 arguments'],
    [[null], 'Expected options object'],
    [[5], 'Expected options object'],
    [[{}], 'Expected "socket" option'],
    [[{ socket }], 'Expected "tls" option'],
    [[{ socket, tls: false }], 'Expected "tls" option'],
    [[{ socket: null, tls: true }], 'SocketHandler must be an object'],
    [[{ socket, tls: 5 }], 'TLSOptions must be an object'],
    [[{ socket, tls: { key: 'x', cert: 'x' } }], /NO_START_LINE/],
  ]) {
    t.throws(() => near.upgradeTLS(...args), { message });
  }
  t.is(near.write('still plain'), 11);
  await farSide.seen('data');
  const [raw, secure] = near.upgradeTLS({ socket, tls: true });
  for (const upgraded of [near, secure]) {
    t.throws(() => upgraded.upgradeTLS({ socket, tls: true }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  t.is(raw.upgradeTLS({ socket, tls: true }), undefined);
  secure.close();
  t.throws(() => secure.upgradeTLS({ socket, tls: true }), { message: 'upgradeTLS requires an established socket' });
});

test('stop(true) closes upgraded sockets as well', async (t) => {
  const { listener, far, near } = await pair(t);
  const observer = new SecureObserver();
  far.upgradeTLS({ tls: identity('server-ec'), socket: observer.handlers });
  listener.stop(true);
  t.is(observer.count('close'), 1);
  near.close();
});

test('node:tls on the other end, both ways round', async (t) => {
  const { server, target } = await rawServer(t);
  const observer = new SecureObserver();
  const plain = new Observer();
  const socket = await connect({ ...target, socket: plain.handlers });
  const peer = new tls.TLSSocket(await accepted(server), { isServer: true, ...identity('server-ec') });
  peer.on('error', () => {});
  socket.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: observer.handlers });
  await observer.seen('drain');
  observer.socket.write('to node');
  t.is(String((await once(peer, 'data'))[0]), 'to node');
  peer.end('from node');
  await observer.seen('close');
  t.is(observer.text, 'from node');

  const served = new SecureObserver({ data: (socket, data) => void socket.end(data) });
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0 },
    socket: {
      data() {},
      open: (socket) => void socket.upgradeTLS({ tls: identity('server-ec'), socket: served.handlers }),
    },
  });
  t.teardown(() => listener.stop(true));
  const client = tls.connect({ socket: net.connect(listener.port, '127.0.0.1'), ca, servername: 'localhost' });
  client.on('error', () => {});
  client.write('echo');
  t.is(String((await once(client, 'data'))[0]), 'echo');
  await served.seen('close');
});

(hasOpenssl ? test : test.skip)('openssl s_client -starttls smtp', async (t) => {
  const secure = new SecureObserver({ data: (socket, data) => void socket.write(`you said ${data}`) });
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0 },
    socket: {
      open: (socket) => void socket.write('220 test ESMTP\r\n'),
      data(socket, data) {
        const line = String(data);
        if (line.startsWith('EHLO')) socket.write('250-test\r\n250 STARTTLS\r\n');
        if (!line.startsWith('STARTTLS')) return;
        socket.write('220 go ahead\r\n');
        socket.upgradeTLS({ tls: identity('server-rsa'), socket: secure.handlers });
      },
    },
  });
  t.teardown(() => listener.stop(true));
  const client = openssl(t, [
    ...['s_client', '-connect', `127.0.0.1:${listener.port}`, '-starttls', 'smtp', '-servername', 'localhost'],
    ...['-CAfile', pathOf('authority'), '-verify_return_error', '-quiet'],
  ]);
  await secure.seen('drain');
  client.child.stdin.write('hello\n');
  await client.says(/you said hello/);
  t.pass();
});

test('a context of node:tls is refused, and the plain socket stays usable', async (t) => {
  const { near, farSide } = await pair(t);
  const { context } = tls.createSecureContext({ ca });
  for (const options of [{ secureContext: context }, { secureContext: context, tls: { ca } }]) {
    t.throws(() => near.upgradeTLS({ ...options, socket: { data() {} } }), {
      instanceOf: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"secureContext" is not supported/,
    });
  }
  near.write('in plain text');
  await farSide.seen('data');
});
