import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { Observer } from './support/observe.mjs';
import { notOnWindows } from './support/platform.mjs';
import { accepted, everything, rawClient, rawServer } from './support/raw.mjs';
import {
  ca,
  dialSecure,
  identity,
  pem,
  SecureObserver,
  securePair,
  serveSecure,
  TLS12,
  TLS13,
} from './support/secure.mjs';

const codes = (observer) => observer.calls.map(([event, ...args]) => [event, ...args.map((arg) => arg?.code ?? arg)]);

test('with a handshake handler: open, handshake, drain, data', async (t) => {
  const { near, nearSide, far, farSide } = await securePair(t, { hostname: 'localhost' });
  t.deepEqual(nearSide.calls, [['open'], ['handshake', true, null], ['drain']]);
  t.deepEqual(farSide.calls, [['open'], ['handshake', true, null], ['drain']]);
  t.true(near.authorized);
  t.false(far.authorized);
  t.is(near.write('hello'), 5);
  await farSide.seen('data');
  t.is(farSide.text, 'hello');
  t.is(near.end('bye'), 3);
  t.is(near.readyState, -1);
  await Promise.all([nearSide.seen('close'), farSide.seen('close')]);
  t.deepEqual(farSide.events.slice(3), ['data', 'end', 'close']);
  t.deepEqual(nearSide.events.slice(3), ['close']);
});

test('without one: the promise, then open when the handshake is over', async (t) => {
  const { target, observer: far } = serveSecure(t, undefined, {}, { withHandshake: false });
  const { socket, observer: near } = await dialSecure(t, target, { ca }, {}, { withHandshake: false });
  t.deepEqual(near.events, []);
  t.is(socket.write('too early'), 0);
  await near.seen('drain');
  await far.seen('drain');
  t.deepEqual(near.events, ['open', 'drain']);
  t.true(socket.authorized);
});

test('nothing of what is written before the handshake goes out in plain text', async (t) => {
  for (const withHandshake of [true, false]) {
    const { server, target } = await rawServer(t);
    const received = [];
    server.on('connection', (socket) => socket.on('data', (data) => received.push(data)));
    const inOpen = [];
    const observer = new SecureObserver(
      { open: (socket) => void inOpen.push(socket.write('secret')) },
      { withHandshake },
    );
    const socket = await connect({ ...target, tls: true, socket: observer.handlers });
    t.is(socket.write('secret'), 0);
    t.is(socket.end('secret'), 6);
    if (server.sockets.length === 0) await once(server, 'connection');
    while (received.length === 0) await once(server.sockets[0], 'data');
    const all = Buffer.concat(received);
    t.is(all[0], 22, 'a handshake record');
    t.false(all.includes('secret'));
    socket.close();
    t.deepEqual(inOpen, [withHandshake ? 0 : -1]);
  }
});

test('end(data) before the handshake is sent after it', async (t) => {
  const { target, observer: far } = serveSecure(t);
  const { socket, observer } = await dialSecure(t, target, { ca }, {}, { withHandshake: false });
  t.is(socket.end('all of it'), 9);
  t.is(socket.readyState, -1);
  t.is(socket.write('x'), -1);
  await far.seen('close');
  t.is(far.text, 'all of it');
  await observer.seen('close');
});

for (const how of ['close', 'terminate', 'end']) {
  test(`${how}() before the handshake tells of the failure`, async (t) => {
    for (const withHandshake of [true, false]) {
      const { target } = await rawServer(t);
      const { socket, observer } = await dialSecure(t, target, { ca }, {}, { withHandshake });
      t.is(socket[how](), how === 'end' ? 0 : undefined);
      const told = withHandshake ? [['open'], ['handshake', false, 'ECONNRESET']] : [['open']];
      t.deepEqual(codes(observer), [...told, ['close', undefined]]);
      t.is(socket.readyState, -1);
    }
  });
}

const GOOD = ['handshake', true, null];
const SERVERS = {
  good: [identity('server-ec'), 'localhost', undefined],
  'a good one, by address': [identity('server-rsa'), '127.0.0.1', undefined],
  'self-signed': [identity('self-signed'), 'localhost', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'for another name': [identity('elsewhere'), 'localhost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  'for clients': [{ ...identity('client'), serverName: 'client' }, 'localhost', 'INVALID_PURPOSE'],
};
for (const [what, [server, hostname, code]] of Object.entries(SERVERS)) {
  test(`a server certificate that is ${what}`, async (t) => {
    const { target, observer: far } = serveSecure(t, server);
    const { socket, observer } = await dialSecure(
      t,
      { ...target, hostname },
      { ca },
      {
        handshake(socket) {
          t.is(socket.readyState, 1);
          t.is(socket.write('secret'), code ? -1 : 6);
          t.is(typeof socket.getPeerCertificate()?.raw, 'object');
        },
      },
    );
    if (code === undefined) {
      await observer.seen('drain');
      t.deepEqual(codes(observer)[1], GOOD);
      t.true(socket.authorized);
      await far.seen('data');
    } else {
      await observer.seen('close');
      await far.seen('close');
      t.deepEqual(codes(observer), [['open'], ['handshake', false, code], ['close', undefined]]);
      t.false(socket.authorized);
      t.is(socket.getAuthorizationError().code, code);
      t.deepEqual(codes(far), [['open'], ['handshake', false, 'ECONNRESET'], ['close', undefined]]);
    }
    const lenient = await dialSecure(t, { ...target, hostname }, { ca, rejectUnauthorized: false });
    await lenient.observer.seen('drain');
    t.is(lenient.socket.authorized, code === undefined);
    t.is(lenient.socket.getAuthorizationError()?.code, code);
    // As in Bun: a wrong name is no success even then.
    const [, success] = lenient.observer.calls[1];
    t.is(success, !['ERR_TLS_CERT_ALTNAME_INVALID', 'INVALID_PURPOSE'].includes(code));
  });
}

test('a wrong name is told with both names', async (t) => {
  const { target } = serveSecure(t, identity('elsewhere'));
  const { socket, observer } = await dialSecure(t, { ...target, hostname: 'localhost' }, { ca });
  await observer.seen('close');
  t.is(
    socket.getAuthorizationError().message,
    "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:elsewhere.example",
  );
  t.is(socket.getAuthorizationError().errno, 0);
});

// The environment belongs to all tests of this process.
test.serial('NODE_TLS_REJECT_UNAUTHORIZED=0 means lenient, an explicit value wins', async (t) => {
  const { target } = serveSecure(t, identity('self-signed'));
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  let lenient;
  let strict;
  try {
    lenient = await dialSecure(t, target, { ca });
    strict = await dialSecure(t, target, { ca, rejectUnauthorized: true });
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
  await lenient.observer.seen('drain');
  await strict.observer.seen('close');
  t.false(lenient.socket.authorized);
});

test.serial('NODE_TLS_REJECT_UNAUTHORIZED=0 does not make a server lenient', async (t) => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  let server;
  try {
    server = serveSecure(t, { ...identity('server-ec'), ca, requestCert: true });
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
  await dialSecure(t, server.target, { ca, ...identity('self-signed') });
  await server.observer.seen('close');
  const [, , error] = server.observer.calls.find(([event]) => event === 'handshake');
  t.is(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});

test('the built-in roots do not know the test authority', async (t) => {
  const { target } = serveSecure(t);
  for (const options of [true, {}, { ca: undefined }]) {
    const { observer } = await dialSecure(t, target, options);
    await observer.seen('close');
    t.is(observer.calls[1][2].code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  }
});

test('every tls object means TLS', async (t) => {
  for (const options of [
    {},
    { rejectUnauthorized: undefined },
    { requestCert: false },
    { ca: [] },
    { unknownKey: 1 },
  ]) {
    const { target, observer } = serveSecure(t, options);
    const client = await rawClient(t, target);
    client.end('in plain text, long enough to be a record');
    await observer.seen('close');
    t.is(observer.count('data'), 0);
    t.false(observer.calls[1][1]);
  }
});

const CLIENTS = [
  [false, true, 'client', GOOD, undefined],
  [true, true, 'client', GOOD, undefined],
  [true, true, 'self-signed', ['handshake', true, 'DEPTH_ZERO_SELF_SIGNED_CERT'], 'refused'],
  [true, true, undefined, ['handshake', false, 'EPROTO'], 'refused'],
  [true, false, undefined, ['handshake', true, 'UNABLE_TO_GET_ISSUER_CERT'], undefined],
  [true, false, 'client', GOOD, undefined],
  [true, false, 'self-signed', ['handshake', true, 'DEPTH_ZERO_SELF_SIGNED_CERT'], undefined],
];
for (const [requestCert, rejectUnauthorized, who, told, refused] of CLIENTS) {
  for (const maxVersion of [TLS12, TLS13]) {
    test(`requestCert ${requestCert}, rejectUnauthorized ${rejectUnauthorized}, client ${who}, ${maxVersion}`, async (t) => {
      const server = { ...identity('server-ec'), ca, requestCert, rejectUnauthorized, maxVersion };
      const { target, observer: far } = serveSecure(t, server, {
        handshake: (socket) => void socket.write('secret of the server'),
      });
      const own = { handshake: (socket) => void socket.write('secret of the client'), error: () => {} };
      const { observer: near } = await dialSecure(t, target, { ca, ...(who && identity(who)) }, own);
      await far.seen('handshake');
      t.deepEqual(codes(far)[1], told);
      if (refused) {
        await Promise.all([far.seen('close'), near.seen('close')]);
        t.is(far.count('data') + near.count('data'), 0);
        if (who === undefined && maxVersion === TLS13) {
          t.deepEqual(codes(near).slice(1), [GOOD, ['drain'], ['error', 'EPROTO'], ['close', undefined]]);
        }
      } else {
        await Promise.all([far.seen('data'), near.seen('data')]);
        t.is(far.socket.authorized, requestCert && who === 'client');
        t.is(
          far.socket.getPeerCertificate()?.subject.CN,
          requestCert && who ? { client: 'client', 'self-signed': 'localhost' }[who] : undefined,
        );
      }
    });
  }
}

test('a server asks for a certificate when its open handler says so', async (t) => {
  const { target, observer } = serveSecure(
    t,
    { ...identity('server-ec'), ca },
    {
      open: (socket) => void socket.setVerifyMode(true, false),
    },
  );
  await dialSecure(t, target, { ca, ...identity('client') });
  await observer.seen('drain');
  t.true(observer.socket.authorized);
  t.is(observer.socket.getPeerCertificate().subject.CN, 'client');
});

test('several entries are chosen by name', async (t) => {
  const { target } = serveSecure(t, [
    identity('server-ec'),
    { ...identity('elsewhere'), serverName: 'elsewhere.example' },
  ]);
  for (const [serverName, common] of [
    ['elsewhere.example', 'elsewhere'],
    ['localhost', 'server-ec'],
    [undefined, 'server-ec'],
  ]) {
    const { socket, observer } = await dialSecure(t, target, { ca, serverName });
    await observer.seen('drain');
    t.true(socket.authorized);
    t.is(socket.getPeerCertificate().subject.CN, common);
  }
  t.throws(() => listen({ hostname: '127.0.0.1', port: 0, tls: [], socket: { data() {} } }), {
    message: 'TLSOptions must be an object',
  });
});

test('protocols are negotiated, in the wire format and as an array', async (t) => {
  for (const [server, client, chosen] of [
    ['\x02h2\x08http/1.1', '\x08http/1.1', 'http/1.1'],
    [Buffer.from('\x01x\x01y'), ['y', 'x'], 'x'],
    [undefined, ['x'], false],
    [['x'], undefined, false],
    ['h2', 'h2', false],
  ]) {
    const { near, far } = await securePair(t, {
      server: { ...identity('server-ec'), ALPNProtocols: server },
      client: { ca, ALPNProtocols: client },
    });
    t.is(near.alpnProtocol, chosen);
    t.is(far.alpnProtocol, chosen);
    near.close();
    t.false(near.alpnProtocol);
  }
  const { target, observer: far } = serveSecure(t, { ...identity('server-ec'), ALPNProtocols: ['x'] });
  const { observer: near } = await dialSecure(t, target, { ca, ALPNProtocols: ['y'] });
  await Promise.all([far.seen('close'), near.seen('close')]);
  t.regex(far.calls[1][2].message, /NO_APPLICATION_PROTOCOL$/);
  t.regex(near.calls[1][2].message, /TLSV1_ALERT_NO_APPLICATION_PROTOCOL$/);
});

test('clients whose options differ in one thing are not taken for one another', async (t) => {
  const { target } = serveSecure(t, { ...identity('server-ec'), ALPNProtocols: ['x', 'y'] });
  const local = { ...target, hostname: 'localhost' };
  const protocols = Buffer.from('\x01x');
  const trusting = { ca, ALPNProtocols: protocols };
  // Each twice, in turn: the second time it is known.
  for (let round = 0; round < 2; round++) {
    for (const [options, authorized, protocol] of [
      [trusting, true, 'x'],
      [{ ...trusting, rejectUnauthorized: false }, true, 'x'],
      [{ ...trusting, ca: pem('self-signed'), rejectUnauthorized: false }, false, 'x'],
      [{ ...trusting, ca: [ca, pem('self-signed')] }, true, 'x'],
      [{ ...trusting, serverName: 'elsewhere.example', rejectUnauthorized: false }, false, 'x'],
      [{ ...trusting, ALPNProtocols: ['y'] }, true, 'y'],
      [{ ...trusting, ALPNProtocols: undefined }, true, false],
      [{ ...trusting, maxVersion: TLS12 }, true, 'x'],
    ]) {
      const { socket, observer } = await dialSecure(t, local, options);
      await observer.seen('handshake');
      t.is(socket.authorized, authorized);
      t.is(socket.alpnProtocol, protocol);
      t.is(socket.getTLSVersion(), options.maxVersion === TLS12 ? 'TLSv1.2' : 'TLSv1.3');
      socket.terminate();
    }
    protocols.write('y', 1);
    const { socket, observer } = await dialSecure(t, local, trusting);
    await observer.seen('handshake');
    t.is(socket.alpnProtocol, 'y');
    protocols.write('x', 1);
  }
});

test('no name is sent for an address, nor for an empty serverName', async (t) => {
  for (const [hostname, serverName, sent] of [
    ['127.0.0.1', undefined, undefined],
    ['localhost', undefined, 'localhost'],
    ['127.0.0.1', 'localhost', 'localhost'],
    ['localhost', '', undefined],
  ]) {
    const { near, far } = await securePair(t, { hostname, client: { ca, serverName } });
    t.is(far.getServername(), sent);
    t.is(near.getServername(), sent);
    t.true(near.authorized);
  }
});

test('setServername in open changes what is sent and verified', async (t) => {
  const { target, observer: far } = serveSecure(t, identity('elsewhere'));
  const { socket, observer } = await dialSecure(
    t,
    target,
    { ca },
    {
      open: (socket) => void socket.setServername('elsewhere.example'),
    },
  );
  await observer.seen('drain');
  t.true(socket.authorized);
  await far.seen('drain');
  t.is(far.socket.getServername(), 'elsewhere.example');
  t.throws(() => socket.setServername('x'), { message: 'Already started.' });
});

test('content errors are thrown by listen and connect, and leave nothing behind', (t) => {
  const { key, cert } = identity('server-ec');
  for (const [options, code] of [
    [{ key: cert, cert: key }, 'ERR_OSSL_PEM_NO_START_LINE'],
    [{ key, cert: cert.slice(0, 300) }, 'ERR_OSSL_PEM_BAD_END_LINE'],
    [{ key: pem('client-key'), cert }, 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'],
    [{ key: pem('server-rsa-key'), cert }, 'ERR_OSSL_X509_KEY_TYPE_MISMATCH'],
    [{ ca: '' }, 'ERR_BORINGSSL'],
    [{ ciphers: 'nonsense' }, 'ERR_BORINGSSL'],
    [{ crl: 'nonsense' }, 'ERR_CRYPTO_OPERATION_FAILED'],
    [{ key: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ secureOptions: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ keyFile: '/nowhere' }, 'ERR_INVALID_ARG_TYPE'],
  ]) {
    const socket = { data() {} };
    t.throws(() => listen({ hostname: '127.0.0.1', port: 0, tls: options, socket }), { code }, code);
    t.throws(() => connect({ hostname: '127.0.0.1', port: 1, tls: options, socket }), { code }, code);
  }
});

test('what is no TLS at all ends quietly', async (t) => {
  for (const [words, reason] of [
    ['GET / HTTP/1.0\r\n\r\n', /HTTP_REQUEST/],
    ['EHLO example.org and so on\r\n', /WRONG_VERSION_NUMBER/],
  ]) {
    const { target, observer } = serveSecure(t);
    const client = await rawClient(t, target);
    const answer = everything(client);
    client.write(words);
    await observer.seen('close');
    t.deepEqual(codes(observer), [['open'], ['handshake', false, 'EPROTO'], ['close', undefined]]);
    t.regex(observer.calls[1][2].message, reason);
    t.true((await answer).length <= 7);
  }
  const { server, target } = await rawServer(t);
  server.on('connection', (socket) => socket.write('220 not TLS\r\n'));
  const { observer } = await dialSecure(t, target, { ca });
  await observer.seen('close');
  t.regex(observer.calls[1][2].message, /WRONG_VERSION_NUMBER/);
});

test('a peer that hangs up or resets in the handshake', async (t) => {
  const { server, target } = await rawServer(t);
  server.once('connection', (socket) => socket.once('data', () => socket.end()));
  const first = await dialSecure(t, target, { ca });
  await first.observer.seen('close');
  t.deepEqual(codes(first.observer), [['open'], ['handshake', false, 'ECONNRESET'], ['close', undefined]]);
  server.once('connection', (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const second = await dialSecure(t, target, { ca });
  await second.observer.seen('close');
  t.deepEqual(codes(second.observer), [['open'], ['close', 'ECONNRESET']]);
});

test('records are broken after the handshake: error, close, and the data before them', async (t) => {
  const { target, observer } = serveSecure(t, undefined, { error: () => {} });
  const wire = net.connect(target.port, '127.0.0.1');
  t.teardown(() => wire.destroy());
  wire.on('error', () => {});
  const { connect: tlsConnect } = await import('node:tls');
  const client = tlsConnect({ socket: wire, ca, servername: 'localhost' });
  client.on('error', () => {});
  await once(client, 'secureConnect');
  client.write('good');
  await observer.seen('data');
  wire.write(Buffer.from([23, 3, 3, 0, 20, ...Buffer.alloc(20)]));
  await observer.seen('close');
  t.deepEqual(codes(observer).slice(-2), [
    ['error', 'EPROTO'],
    ['close', undefined],
  ]);
  t.is(observer.text, 'good');
});

test('a peer that broke the rules is not authorized any more', async (t) => {
  const { server, target } = await rawServer(t);
  const said = [];
  const say = (what) => (socket) => {
    said.push([what, socket.authorized, socket.getAuthorizationError()?.code]);
  };
  const own = { error: say('error'), close: say('close'), handshake: say('handshake') };
  const { socket, observer } = await dialSecure(t, target, { ca, serverName: 'localhost' }, own);
  const wire = await accepted(server);
  const peer = new tls.TLSSocket(wire, { isServer: true, ...identity('server-ec') });
  peer.on('error', () => {});
  await observer.seen('handshake');
  socket.write('ready');
  await once(peer, 'data');
  wire.write(Buffer.from([23, 3, 3, 0, 20, ...Buffer.alloc(20)]));
  await observer.seen('close');
  t.deepEqual(said, [
    ['handshake', true, undefined],
    ['error', false, 'EPROTO'],
    ['close', false, 'EPROTO'],
  ]);
});

test('a peer cannot end the process with an alert', async (t) => {
  // No error handler: the alert that follows the handshake must not become an uncaught exception, which fails the test.
  const { target } = serveSecure(t, { ...identity('server-ec'), ca, requestCert: true });
  const { observer } = await dialSecure(t, target, { ca });
  await observer.seen('close');
  t.deepEqual(observer.events, ['open', 'handshake', 'drain', 'close']);
});

test('a connection that is truncated or reset', async (t) => {
  for (const how of ['destroySoon', 'resetAndDestroy']) {
    const { target, observer } = serveSecure(t);
    const wire = await rawClient(t, target);
    wire.on('error', () => {});
    const { connect: tlsConnect } = await import('node:tls');
    const client = tlsConnect({ socket: wire, ca, servername: 'localhost' });
    client.on('error', () => {});
    await once(client, 'secureConnect');
    await observer.seen('drain');
    wire[how]();
    await observer.seen('close');
    const expected = how === 'destroySoon' ? [['end'], ['close', undefined]] : [['close', 'ECONNRESET']];
    t.deepEqual(codes(observer).slice(3), expected);
  }
});

for (const [how, peer] of [
  ['close', ['end', 'close']],
  ['shutdown', ['end', 'close']],
  ['end', ['end', 'close']],
]) {
  test(`${how}() on an established connection`, async (t) => {
    const { near, nearSide, farSide } = await securePair(t);
    near[how]();
    const before = nearSide.count('close');
    t.is(before, how === 'close' ? 1 : 0);
    t.is(near.readyState, how === 'shutdown' ? 1 : -1);
    t.is(near.write('x'), -1);
    await Promise.all([farSide.seen('close'), nearSide.seen('close')]);
    t.deepEqual(farSide.events.slice(3), peer);
    t.deepEqual(nearSide.events.slice(3), how === 'shutdown' ? ['end', 'close'] : ['close']);
  });
}

test('terminate() resets', async (t) => {
  const { near, nearSide, farSide } = await securePair(t);
  near.terminate();
  t.is(nearSide.count('close'), 1);
  await farSide.seen('close');
  t.is(farSide.last('close')[0].code, 'ECONNRESET');
});

test('data that arrives after end() is delivered', async (t) => {
  const { near, nearSide, farSide, far } = await securePair(t, { allowHalfOpen: true });
  t.is(near.end('a question'), 10);
  await farSide.seen('end');
  t.is(farSide.text, 'a question');
  far.end('an answer');
  await nearSide.seen('close');
  t.is(nearSide.text, 'an answer');
});

test('what write accepted arrives, whatever follows at once', async (t) => {
  for (const how of ['end', 'close']) {
    const { near, farSide } = await securePair(t);
    const accepted = near.write(Buffer.alloc(400_000, 97));
    t.true(accepted > 0);
    near[how]();
    await farSide.seen('close');
    t.is(farSide.bytes, accepted);
  }
});

test('end(data) sends all of it, also to a slow reader', async (t) => {
  const { near, far, farSide } = await securePair(t, { keepData: false });
  far.pause();
  t.is(near.end(Buffer.alloc(20_000_000, 97)), 20_000_000);
  far.resume();
  await farSide.seen('close');
  t.is(farSide.bytes, 20_000_000);
});

test('a slow reader holds the writer back, and nothing is lost', async (t) => {
  const { near, nearSide, far, farSide } = await securePair(t, { keepData: false });
  far.pause();
  const piece = Buffer.alloc(1_000_000, 97);
  let sent = 0;
  for (let count = 1; count > 0; sent += count) count = near.write(piece);
  t.is(near.bytesWritten, sent);
  const drains = nearSide.count('drain');
  far.resume();
  await nearSide.seen('drain', drains + 1);
  await farSide.seen(() => farSide.bytes === sent);
  t.is(near.write('more'), 4);
  await farSide.seen(() => farSide.bytes === sent + 4);
});

test('pause holds back data and the end', async (t) => {
  const { near, far, nearSide } = await securePair(t);
  near.pause();
  far.end('later');
  const again = await securePair(t);
  again.far.write('meanwhile');
  await again.nearSide.seen('data');
  t.is(nearSide.count('data') + nearSide.count('end'), 0);
  near.resume();
  await nearSide.seen('close');
  t.is(nearSide.text, 'later');
});

test('setMaxSendFragment makes smaller records', async (t) => {
  for (const maxVersion of [TLS12, TLS13]) {
    const { server, target } = await rawServer(t);
    const { target: behind } = serveSecure(t, { ...identity('server-ec'), maxVersion });
    const records = [];
    server.on('connection', async (socket) => {
      const onward = await rawClient(t, behind);
      onward.pipe(socket);
      let rest = Buffer.alloc(0);
      socket.on('data', (data) => {
        onward.write(data);
        rest = Buffer.concat([rest, data]);
        while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
          records.push([rest[0], rest.readUInt16BE(3)]);
          rest = rest.subarray(5 + rest.readUInt16BE(3));
        }
      });
    });
    const { socket, observer } = await dialSecure(t, target, { ca });
    await observer.seen('drain');
    t.true(socket.setMaxSendFragment(512));
    t.false(socket.setMaxSendFragment(511));
    t.false(socket.setMaxSendFragment(16385));
    const before = records.length;
    socket.end(Buffer.alloc(10_000));
    await observer.seen('close');
    const data = records.slice(before).filter(([type, length]) => type === 23 && length > 100);
    t.is(data.length, 20);
    t.true(data.every(([, length]) => length <= 512 + 24));
  }
});

test('stop(true) ends handshakes as well', async (t) => {
  const { listener, target, observer } = serveSecure(t);
  await rawClient(t, target);
  await observer.seen('open');
  listener.stop(true);
  t.deepEqual(codes(observer), [['open'], ['handshake', false, 'ECONNRESET'], ['close', undefined]]);
});

test('a handshake handler that throws or returns an Error goes to error, and the socket stays', async (t) => {
  for (const handshake of [
    () => {
      throw new Error('thrown');
    },
    () => new Error('returned'),
  ]) {
    const errors = [];
    const { near } = await securePair(t, {
      clientOwn: { handshake, error: (_socket, error) => void errors.push(error) },
    });
    t.is(errors.length, 1);
    t.is(near.readyState, 1);
  }
});

test('getters before, after and when closed', async (t) => {
  const asked = [];
  const look = (socket) =>
    asked.push({
      cipher: socket.getCipher()?.name,
      version: socket.getTLSVersion(),
      own: socket.getCertificate()?.subject.CN,
      peer: socket.getPeerCertificate()?.subject.CN,
      session: socket.getSession()?.constructor.name,
      finished: socket.getTLSFinishedMessage()?.length,
      error: socket.getAuthorizationError()?.code,
      key: socket.getEphemeralKeyInfo(),
    });
  const { near, far, nearSide } = await securePair(t, { clientOwn: { open: look, handshake: look } });
  look(far);
  near.close();
  look(near);
  const after = {
    cipher: 'TLS_AES_128_GCM_SHA256',
    version: 'TLSv1.3',
    session: 'Buffer',
    finished: 32,
    error: undefined,
  };
  t.deepEqual(asked, [
    {
      ...{ cipher: null, version: 'TLSv1.2', own: undefined, peer: undefined, session: undefined, finished: undefined },
      ...{ error: 'UNABLE_TO_GET_ISSUER_CERT', key: {} },
    },
    { ...after, own: undefined, peer: 'server-ec', key: {} },
    { ...after, own: 'server-ec', peer: undefined, key: null },
    {
      ...{ cipher: undefined, version: null, own: undefined, peer: undefined, session: undefined, finished: undefined },
      ...{ error: undefined, key: null },
    },
  ]);
  t.is(nearSide.count('close'), 1);
});

test('exported keying material is equal on both sides', async (t) => {
  const { near, far } = await securePair(t);
  t.deepEqual(near.exportKeyingMaterial(32, 'label'), far.exportKeyingMaterial(32, 'label'));
  const context = Buffer.from('context');
  t.deepEqual(near.exportKeyingMaterial(8, 'x', context), far.exportKeyingMaterial(8, 'x', context));
  t.notDeepEqual(near.exportKeyingMaterial(8, 'x', context), near.exportKeyingMaterial(8, 'x'));
});

notOnWindows('over a unix path', async (t) => {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/bun-sockets-tls-');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const observer = new SecureObserver();
  const listener = listen({ unix: `${folder}/s`, tls: identity('server-ec'), socket: observer.handlers });
  t.teardown(() => listener.stop(true));
  const { socket, observer: near } = await dialSecure(t, { unix: `${folder}/s` }, { ca });
  await near.seen('drain');
  t.true(socket.authorized);
  socket.end('over a path');
  await observer.seen('close');
  t.is(observer.text, 'over a path');
});

test('a plain connection has no handshake', async (t) => {
  const observer = new Observer();
  let called = 0;
  const handlers = { ...observer.handlers, handshake: () => void called++ };
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: handlers });
  t.teardown(() => listener.stop(true));
  const client = await rawClient(t, { hostname: '127.0.0.1', port: listener.port });
  client.end('x');
  await observer.seen('close');
  t.is(called, 0);
});
