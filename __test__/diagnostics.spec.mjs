// diagnostics_channel, NODE_DEBUG and stats().

import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { connect, stats, udpSocket } from 'bun-sockets';
import { pair, serve } from './support/observe.mjs';
import { outcome, root } from './support/processes.mjs';
import { accepted, rawServer } from './support/raw.mjs';

const certificate = (name) => fs.readFileSync(path.join(root, 'conformance', 'certificates', name), 'utf8');
const identity = { key: certificate('server-ec-key.pem'), cert: certificate('server-ec.pem') };
const ca = certificate('authority.pem');

/** Keeps what is published until the test is over. The tests here are serial: channels belong to the process. */
function published(t) {
  const seen = [];
  for (const name of ['connect', 'accept', 'handshake', 'close', 'error']) {
    const listener = (message) => seen.push([name, message]);
    diagnostics.subscribe(`bun-sockets:${name}`, listener);
    t.teardown(() => diagnostics.unsubscribe(`bun-sockets:${name}`, listener));
  }
  return seen;
}

test.serial('connect, accept and close, with the sockets that the handlers get', async (t) => {
  const seen = published(t);
  const { near, far, farSide, nearSide, listener } = await pair(t);
  near.end();
  await Promise.all([farSide.seen('close'), nearSide.seen('close')]);
  const of = (name) => seen.filter(([event]) => event === name).map(([, message]) => message);
  t.deepEqual(of('connect'), [{ socket: near }]);
  t.is(of('accept').length, 1);
  t.is(of('accept')[0].socket, far);
  t.is(of('accept')[0].listener, listener);
  t.is(of('close').length, 2);
  for (const [socket, acceptedBy] of [
    [near, undefined],
    [far, listener],
  ]) {
    const message = of('close').find((one) => one.socket === socket);
    t.is(message.listener, acceptedBy);
    t.is(message.error, undefined);
  }
  t.deepEqual(of('error'), []);
});

test.serial('failed connects, resets, and errors of handlers', async (t) => {
  const seen = published(t);
  await t.throwsAsync(connect({ hostname: '127.0.0.1', port: 1, socket: { data() {} } }));
  t.deepEqual(
    seen.map(([name, { error }]) => [name, error.code]),
    [['error', 'ECONNREFUSED']],
  );

  seen.length = 0;
  const { server, target } = await rawServer(t);
  await new Promise((resolve) => {
    const thrown = new Error('mine');
    connect({
      ...target,
      socket: {
        async open() {
          (await accepted(server)).write('x');
        },
        data: () => {
          throw thrown;
        },
        error: () => server.sockets[0].resetAndDestroy(),
        close: resolve,
      },
    });
  });
  t.deepEqual(
    seen.map(([name, { error }]) => [name, error?.code ?? error?.message]),
    [
      ['connect', undefined],
      ['error', 'mine'],
      ['close', 'ECONNRESET'],
    ],
  );
});

test.serial('handshakes, good and bad', async (t) => {
  const { target } = serve(t, {}, { tls: identity });
  const attempt = async (tls) => {
    const seen = published(t);
    await new Promise((resolve) => {
      connect({ ...target, tls, socket: { data() {}, handshake: (socket) => socket.end(), close: resolve } });
    });
    return seen
      .filter(([name]) => name === 'handshake')
      .map(([, { success, error }]) => [success, error?.code ?? null]);
  };
  const good = await attempt({ ca, serverName: 'localhost' });
  t.true(good.some(([success, code]) => success && code === null));
  const bad = await attempt({ serverName: 'localhost' });
  t.true(
    bad.some(([success, code]) => !success && code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    JSON.stringify(bad),
  );
});

test.serial('a subscriber that throws does not disturb the socket', async (t) => {
  const { out, code, err } = await outcome(`
    import diagnostics from 'node:diagnostics_channel';
    import { connect, listen } from 'bun-sockets';
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    diagnostics.subscribe('bun-sockets:accept', () => { throw new Error('subscriber'); });
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { open: (s) => void s.end('fine'), data() {} } });
    connect({ hostname: '127.0.0.1', port: listener.port, socket: {
      data: (_, d) => console.log(d.toString()), close: () => listener.stop() } });`);
  t.is(code, 0, err);
  t.deepEqual(out.trim().split('\n').sort(), ['fine', 'uncaught subscriber']);
});

test('NODE_DEBUG=bun-sockets prints what happens', async (t) => {
  const program = `
    import { connect, listen } from 'bun-sockets';
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s) => void s.end() } });
    connect({ hostname: '127.0.0.1', port: listener.port, socket: {
      open: (s) => void s.write('x'), data() {}, close: () => listener.stop() } });`;
  const { err } = await outcome(program, { env: { NODE_DEBUG: 'bun-sockets' } });
  for (const what of ['connect', 'accept', 'close']) {
    t.regex(err, new RegExp(`${what} TCPSocket 127\\.0\\.0\\.1:\\d+ - 127\\.0\\.0\\.1:\\d+$`, 'm'));
  }
  t.is(err.match(/close/g).length, 2);
  t.notRegex(err, /undefined/);
  t.is((await outcome(program)).err, '');
});

test.serial('stats() counts what is open and what has gone through', async (t) => {
  const before = stats();
  const { near, far, nearSide, farSide, listener } = await pair(t);
  const udp = await udpSocket({ socket: { data() {} } });
  near.write('0123456789');
  await farSide.seen(() => farSide.bytes === 10);
  far.write(Buffer.alloc(200_000));
  await nearSide.seen('data');
  const during = stats();
  t.is(during.sockets - before.sockets, 2);
  t.is(during.listeners - before.listeners, 1);
  t.is(during.udpSockets - before.udpSockets, 1);
  t.is(during.bytesSent - before.bytesSent, 10 + far.bytesWritten);
  t.is(during.bytesReceived - before.bytesReceived, 10 + nearSide.bytes);
  t.true(during.events > before.events);
  t.true(during.batches > before.batches);

  const heard = await new Promise((resolve, reject) => {
    udpSocket({
      hostname: '127.0.0.1',
      socket: { data: (socket, data) => resolve([socket, data]), error: reject },
    }).then((socket) => socket.send('datagram', socket.port, '127.0.0.1'));
  });
  heard[0].close();
  udp.close();
  near.close();
  await farSide.seen('close');
  listener.stop();
  const after = stats();
  t.is(after.datagramsSent - before.datagramsSent, 1);
  t.is(after.datagramsReceived - before.datagramsReceived, 1);
  t.is(after.sockets, before.sockets);
  t.is(after.listeners, before.listeners);
  t.is(after.udpSockets, before.udpSockets);
});

test.serial('stats() counts the wake-ups by others', async (t) => {
  const { server, target } = await rawServer(t);
  let told = () => {};
  await connect({ ...target, socket: { data: () => told() } });
  const peer = await accepted(server);
  await setTimeout(20);
  const before = stats();
  peer.write('x');
  await new Promise((resolve) => {
    told = resolve;
  });
  const after = stats();
  t.is(after.wakeUps - before.wakeUps, 1);
  t.is(after.events - before.events, 1);
  peer.end();
});

test('end() counts what it keeps', async (t) => {
  const { server, target } = await rawServer(t);
  const before = stats().bytesSent;
  const socket = await connect({ ...target, socket: { data() {} } });
  const peer = await accepted(server);
  peer.pause();
  socket.end(Buffer.alloc(8_000_000));
  t.true(stats().bytesSent - before >= 8_000_000);
  await once(peer.resume(), 'end');
  peer.end();
});
