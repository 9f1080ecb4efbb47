// Several sockets on one port, and what else is not in Bun's types.

import test from 'ava';
import { udpSocket } from 'bun-sockets';
import { open } from './support/datagrams.mjs';
import { withLoopbacks } from './support/platform.mjs';

test('reusePort on both', async (t) => {
  const { socket: one, inbox: first } = await open(t, {}, { reusePort: true });
  const { socket: two, inbox: second } = await open(t, {}, { reusePort: true, port: one.port });
  t.is(two.port, one.port);
  t.throws(() => udpSocket({ hostname: '127.0.0.1', port: one.port }), { code: 'EADDRINUSE' });
  // Linux spreads senders over the sockets; every datagram arrives at exactly one.
  for (let i = 0; i < 50; i++) {
    const { socket: near } = await open(t);
    near.send(`${i}`, one.port, '127.0.0.1');
  }
  const all = () => [...first.texts, ...second.texts];
  await Promise.race([first, second].map((inbox) => inbox.until(() => all().length === 50)));
  t.is(new Set(all()).size, 50);
  if (process.platform === 'linux') t.true(first.texts.length > 0 && second.texts.length > 0);
});

test('multicast receivers on one port all get each datagram', async (t) => {
  const options = { hostname: '0.0.0.0', reusePort: true };
  const { socket: one, inbox: first } = await open(t, {}, options);
  const { socket: two, inbox: second } = await open(t, {}, { ...options, port: one.port });
  for (const socket of [one, two]) t.true(socket.addMembership('239.255.7.1', '127.0.0.1'));
  const { socket: near } = await open(t);
  t.true(near.setMulticastInterface('127.0.0.1'));
  t.true(near.setMulticastLoopback(true));
  for (let i = 0; i < 10; i++) t.true(near.send(`${i}`, one.port, '239.255.7.1'));
  await Promise.all([first.got(10), second.got(10)]);
  t.deepEqual(first.texts, second.texts);
  t.true(two.dropMembership('239.255.7.1', '127.0.0.1'));
});

withLoopbacks('one sender of a group', async (t) => {
  const { socket, inbox } = await open(t, {}, { hostname: '0.0.0.0' });
  t.true(socket.addSourceSpecificMembership('127.0.0.1', '232.7.7.7', '127.0.0.1'));
  const wanted = await open(t);
  const stranger = await open(t, {}, { hostname: '127.0.0.2' });
  for (const { socket: near } of [stranger, wanted]) {
    near.setMulticastInterface('127.0.0.1');
    near.send(near.hostname, socket.port, '232.7.7.7');
  }
  await inbox.got();
  t.deepEqual(inbox.texts, ['127.0.0.1']);
});

test('a group over IPv6', async (t) => {
  if (process.platform !== 'linux') return t.pass('names of loopback interfaces differ');
  const { socket, inbox } = await open(t, {}, { hostname: '::' });
  t.true(socket.addMembership('ff02::7:7', '::%lo'));
  const { socket: near } = await open(t, {}, { hostname: '::1' });
  t.true(near.setMulticastInterface('::%lo'));
  try {
    t.true(near.send('six', socket.port, 'ff02::7:7%lo'));
  } catch (error) {
    // Many machines have no route for multicast on the loopback interface.
    t.is(error.code, 'ENETUNREACH');
    return;
  }
  await inbox.got();
  t.deepEqual(inbox.texts, ['six']);
});

test('the bits of flags', async (t) => {
  for (const flags of [4, 16]) {
    const { socket: one } = await open(t, {}, { flags });
    const { socket: two } = await open(t, {}, { flags, port: one.port });
    t.is(two.port, one.port);
    t.throws(() => udpSocket({ hostname: '127.0.0.1', port: one.port }), { code: 'EADDRINUSE' });
  }
  const { socket: six } = await open(t, {}, { hostname: '::', flags: 8 });
  const { socket: four } = await open(t, {}, { hostname: '0.0.0.0', port: six.port });
  t.is(four.port, six.port);
});

test('a signal closes the socket', async (t) => {
  const controller = new AbortController();
  const { socket } = await open(t, {}, { signal: controller.signal });
  t.false(socket.closed);
  controller.abort();
  t.true(socket.closed);
  t.throws(() => socket.send('x', 5, '127.0.0.1'), { message: 'Socket is closed' });
});

test('a signal that comes too early or too late', async (t) => {
  const reason = new Error('no');
  await t.throwsAsync(udpSocket({ signal: AbortSignal.abort(reason) }), { is: reason });
  // Wrong options are told first.
  t.throws(() => udpSocket({ port: -1, signal: AbortSignal.abort(reason) }), { code: 'ERR_INVALID_ARG_TYPE' });
  const controller = new AbortController();
  const { socket } = await open(t, {}, { signal: controller.signal });
  socket.close();
  controller.abort();
  t.true(socket.closed);
});

test('wrong additions', (t) => {
  for (const signal of [5, 'x', {}]) t.throws(() => udpSocket({ signal }), { code: 'ERR_INVALID_ARG_TYPE' });
  for (const reusePort of [1, 'x', null]) t.throws(() => udpSocket({ reusePort }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('broadcast needs to be allowed', async (t) => {
  const { socket } = await open(t, {}, { hostname: '0.0.0.0' });
  t.throws(() => socket.send('x', 9, '255.255.255.255'), { code: 'EACCES' });
  t.true(socket.setBroadcast(true));
  try {
    t.true(socket.send('x', 9, '127.255.255.255'));
  } catch (error) {
    // A machine without a network has nowhere to send it.
    t.is(error.code, 'ENETUNREACH');
  }
});
