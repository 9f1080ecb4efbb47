import test from 'ava';
import { udpSocket } from 'bun-sockets';
import { deadPort, open, turns } from './support/datagrams.mjs';
import { errnoOf, onLinux } from './support/platform.mjs';
import { outcome } from './support/processes.mjs';

const refused = { code: 'ECONNREFUSED', errno: errnoOf('ECONNREFUSED'), syscall: 'recv', errqueue: true };

onLinux('a dead port is told once for each datagram', async (t) => {
  const { socket, inbox } = await open(t, { error() {} });
  const port = await deadPort();
  for (let i = 1; i <= 5; i++) {
    t.true(socket.send('x', port, '127.0.0.1'));
    await inbox.until(() => inbox.errors.length === i);
  }
  await turns();
  t.is(inbox.errors.length, 5);
  for (const error of inbox.errors) {
    t.is(error.message, 'ECONNREFUSED: connection refused, recv');
    t.like(error, refused);
  }
});

onLinux('the error that is pending refuses the next send, and is told', async (t) => {
  const { socket, inbox } = await open(t, { error() {} });
  const port = await deadPort();
  t.true(socket.send('x', port, '127.0.0.1'));
  t.throws(() => socket.send('x', port, '127.0.0.1'), { code: 'ECONNREFUSED', message: /, send$/ });
  await inbox.until(() => inbox.errors.length === 1);
});

test('without an error handler nothing is told, and nothing refused', async (t) => {
  const { socket: far, inbox } = await open(t);
  const { socket } = await open(t);
  const port = await deadPort();
  for (let i = 0; i < 20; i++) {
    t.true(socket.send('x', port, '127.0.0.1'));
    t.true(socket.send(`${i}`, far.port, '127.0.0.1'));
  }
  await inbox.got(20);
});

onLinux('an error handler that comes by reload is told', async (t) => {
  const { socket } = await open(t);
  const port = await deadPort();
  const error = await new Promise((resolve) => {
    socket.reload({ socket: { error: resolve } });
    socket.send('x', port, '127.0.0.1');
  });
  t.like(error, refused);
});

onLinux('errors do not eat the receive buffer', async (t) => {
  const { socket, inbox } = await open(t, { error() {} });
  const port = await deadPort();
  for (let i = 0; i < 3000; i++) {
    try {
      socket.send('x', port, '127.0.0.1');
    } catch (error) {
      t.is(error.code, 'ECONNREFUSED');
    }
  }
  socket.send('still here', socket.port, '127.0.0.1');
  await inbox.until(() => inbox.errors.length > 100);
  await turns();
  const { socket: near } = await open(t);
  near.send('and now', socket.port, '127.0.0.1');
  await inbox.until(() => inbox.texts.includes('and now'));
});

test('a connected socket’s error without a handler is an uncaught exception', async (t) => {
  const program = `
    import { udpSocket } from 'bun-sockets';
    const gone = await udpSocket({ hostname: '127.0.0.1' });
    const { port } = gone;
    gone.close();
    const socket = await udpSocket({ connect: { hostname: '127.0.0.1', port }, socket: { data() {} } });
    socket.send('x');
  `;
  const alone = await outcome(program);
  t.is(alone.code, 1);
  t.regex(alone.err, /ECONNREFUSED: connection refused, recv/);
  const caught = await outcome(
    `process.on('uncaughtException', (error) => { console.log(error.code); process.exit(3); }); ${program}`,
  );
  t.is(caught.code, 3);
  t.is(caught.out, 'ECONNREFUSED\n');
});

test('a handler’s error goes to the error handler, and what that throws is uncaught', async (t) => {
  const first = new Error('first');
  const { socket, inbox } = await open(t, {
    data() {
      throw first;
    },
    error() {},
  });
  socket.send('x', socket.port, '127.0.0.1');
  await inbox.until(() => inbox.errors.length === 1);
  t.is(inbox.errors[0], first);
  const { code, out } = await outcome(`
    import { udpSocket } from 'bun-sockets';
    process.on('uncaughtException', (error) => console.log(error.message));
    const socket = await udpSocket({ hostname: '127.0.0.1', socket: {
      data(s, d) { if (String(d) === 'y') s.close(); throw new Error('first'); },
      error(error) { throw new Error('after ' + error.message); },
    } });
    socket.sendMany(['x', socket.port, '127.0.0.1', 'y', socket.port, '127.0.0.1']);
  `);
  t.is(code, 0);
  t.is(out, 'after first\nafter first\n');
});

// In a process of its own, whose descriptors nobody else opens and closes.
test('a refused call leaves nothing behind', async (t) => {
  const { code, out, err } = await outcome(`
    import { udpSocket } from 'bun-sockets';
    import { openDescriptors } from './__test__/support/descriptors.mjs';
    const socket = await udpSocket({ hostname: '127.0.0.1' });
    const before = openDescriptors();
    const wrong = [
      undefined,
      { port: -1 },
      { hostname: 5 },
      { hostname: 'no-such-host.invalid' },
      { hostname: '203.0.113.9' },
      { hostname: '127.0.0.1', port: socket.port },
      { socket: { data: 5 } },
      { connect: {} },
      { connect: { hostname: 'no-such-host.invalid', port: 5 } },
      { hostname: '127.0.0.1', connect: { hostname: '::1', port: 5 } },
      { signal: 5 },
      { reusePort: 1 },
    ];
    const accepted = wrong.filter((options) => {
      try {
        udpSocket(options);
        return true;
      } catch {
        return false;
      }
    });
    console.log(JSON.stringify({ accepted, before, after: openDescriptors() }));
    socket.close();
  `);
  t.is(code, 0, err);
  const { accepted, before, after } = JSON.parse(out);
  t.deepEqual(accepted, []);
  t.deepEqual(after, before);
});

test('without descriptors it throws, and goes on when there are some again', async (t) => {
  if (process.platform === 'win32') return t.pass('Windows has no such limit');
  const { out, err } = await outcome(
    `
    import fs from 'node:fs';
    import { udpSocket } from 'bun-sockets';
    const sockets = [];
    let error;
    try {
      for (;;) sockets.push(await udpSocket({ hostname: '127.0.0.1' }));
    } catch (thrown) {
      error = thrown;
    }
    console.log(error.code, error.syscall, error.address);
    for (const socket of sockets.splice(10)) socket.close();
    const again = await udpSocket({ hostname: '127.0.0.1', socket: { data(s) { console.log('data'); s.close(); } } });
    again.send('x', again.port, '127.0.0.1');
    for (const socket of sockets) socket.close();
  `,
    { command: 'sh', before: ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath] },
  );
  t.is(out, 'EMFILE bind 127.0.0.1\ndata\n', err);
});

test('a name that does not resolve is named', (t) => {
  const error = t.throws(() => udpSocket({ hostname: 'no.such.name.invalid', socket: {} }), { code: 'ENOTFOUND' });
  t.like(error, { syscall: 'getaddrinfo', hostname: 'no.such.name.invalid' });
});
