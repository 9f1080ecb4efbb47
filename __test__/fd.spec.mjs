import test from 'ava';
import { connect, listen, udpSocket } from 'bun-sockets';
import { notOnWindows } from './support/platform.mjs';
import { firstLine, program } from './support/processes.mjs';
import { accepted, everything, rawClient, rawServer } from './support/raw.mjs';

const nothing = { data() {} };

const ADOPT = `
  import { connect } from 'bun-sockets';
  const socket = await connect({
    fd: 3,
    socket: {
      open: (s) => void s.write(\`adopted as \${s.fd}, \`),
      data: (s, data) => void s.end(data.toString().toUpperCase()),
      close: (s) => console.log('close', s.fd),
    },
  });
`;

notOnWindows('a connected TCP socket of another process', async (t) => {
  const { server, target } = await rawServer(t);
  const handed = await rawClient(t, target);
  const peer = await accepted(server);
  const { ended } = program(ADOPT, { stdio: ['ignore', 'pipe', 'pipe', handed] });
  handed.destroy();
  const all = everything(peer);
  peer.write('from the peer');
  t.regex((await all).toString(), /^adopted as \d+, FROM THE PEER$/);
  const { out, code, err } = await ended;
  t.is(code, 0, err);
  t.is(out, 'close -1\n');
});

notOnWindows('a socket pair', async (t) => {
  const { child, ended } = program(ADOPT, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const end = child.stdio[3];
  const all = everything(end);
  end.write('over a pair');
  t.regex((await all).toString(), /^adopted as \d+, OVER A PAIR$/);
  t.is((await ended).code, 0);
});

test('a descriptor that is not open', async (t) => {
  const error = await t.throwsAsync(connect({ fd: 9999, socket: nothing }), {
    code: process.platform === 'win32' ? 'ENOTSUP' : 'EBADF',
  });
  t.is(error.message, 'Failed to connect');
});

notOnWindows('a second connect on one that is taken over already leaves it to the first', async (t) => {
  const { target } = await rawServer(t);
  const socket = await connect({ ...target, socket: nothing });
  t.teardown(() => socket.terminate());
  const { fd } = socket;
  await t.throwsAsync(connect({ fd, socket: nothing }), { message: 'Failed to connect', code: 'EEXIST' });
  t.is(socket.fd, fd);
  t.is(socket.write('x'), 1);
});

const LISTEN = `
  import { listen } from 'bun-sockets';
  const listener = listen({
    fd: 3,
    socket: {
      data(socket, data) {
        listener.stop();
        socket.end(\`\${process.pid} \${data}\`);
      },
    },
  });
  console.log('listens');
`;

notOnWindows('a listening socket of another process', async (t) => {
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: nothing });
  const { hostname, port } = listener;
  const { child, ended } = program(LISTEN, { stdio: ['ignore', 'pipe', 'pipe', listener.fd] });
  listener.stop();
  await firstLine(child);
  const client = await rawClient(t, { hostname, port });
  client.write('hello');
  t.is((await everything(client)).toString(), `${child.pid} hello`);
  const { code, err } = await ended;
  t.is(code, 0, err);
});

test('listening on what cannot listen is refused, and leaves it as it is', async (t) => {
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: nothing });
  t.teardown(() => listener.stop(true));
  const { hostname, port } = listener;
  const socket = await connect({ hostname, port, socket: nothing });
  for (const fd of [0, 9999, -1, socket.fd]) {
    t.throws(() => listen({ fd, socket: nothing }), { code: 'EINVAL', message: 'Failed to listen at ' });
  }
  t.is(socket.write('x'), 1);
  socket.end();
});

notOnWindows('a listener of this process cannot be taken over, and goes on', async (t) => {
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: nothing });
  t.teardown(() => listener.stop(true));
  const { fd, hostname, port } = listener;
  t.throws(() => listen({ fd, socket: nothing }), { code: 'EEXIST', message: 'Failed to listen at ' });
  const socket = await connect({ hostname, port, socket: nothing });
  t.is(socket.readyState, 1);
  socket.end();
});

/** Answers one datagram on a UDP socket that was handed over, and tells whether the descriptor is closed then. */
const ADOPT_UDP = `
  import { fstatSync } from 'node:fs';
  import { udpSocket } from 'bun-sockets';
  const socket = await udpSocket({
    fd: 3,
    socket: {
      data(socket, data, port, address) {
        const { fd } = socket;
        socket.send(data.toString().toUpperCase(), port, address);
        socket.close();
        try {
          fstatSync(3);
        } catch ({ code }) {
          console.log(fd, socket.fd, code);
        }
      },
    },
  });
  console.log(JSON.stringify([socket.hostname, socket.address]));
`;

for (const hostname of ['127.0.0.1', '::1']) {
  notOnWindows(`a bound UDP socket of another process, ${hostname}`, async (t) => {
    const handed = await udpSocket({ hostname });
    const { address, port } = handed;
    const { child, ended } = program(ADOPT_UDP, { stdio: ['ignore', 'pipe', 'pipe', handed.fd] });
    const ready = firstLine(child);
    handed.close();
    t.deepEqual(JSON.parse(await ready), ['0.0.0.0', address]);
    let answer;
    const answered = new Promise((resolve) => (answer = resolve));
    const client = await udpSocket({ hostname, socket: { data: (_, data, from) => answer([data.toString(), from]) } });
    client.send('to whom it was handed', port, hostname);
    t.deepEqual(await answered, ['TO WHOM IT WAS HANDED', port]);
    client.close();
    const { out, code, err } = await ended;
    t.is(code, 0, err);
    t.is(out.split('\n')[1], '3 -1 EBADF');
  });
}

notOnWindows('a UDP socket that is given a peer when it is taken over', async (t) => {
  let arrive;
  const arrived = new Promise((resolve) => (arrive = resolve));
  const peer = await udpSocket({
    hostname: '127.0.0.1',
    socket: { data: (_, data, port) => arrive([data.toString(), port]) },
  });
  const handed = await udpSocket({ hostname: '127.0.0.1' });
  const { port } = handed;
  const text = `
    import { udpSocket } from 'bun-sockets';
    try {
      udpSocket({ fd: 3, connect: { hostname: 'no..name', port: ${peer.port} } });
    } catch ({ code }) {
      console.log(code);
    }
    // It has not been closed, nor is it in use.
    const socket = await udpSocket({ fd: 3, connect: { hostname: '127.0.0.1', port: ${peer.port} } });
    console.log(socket.send('to the peer'), socket.remoteAddress.port);
    socket.close();
  `;
  const { ended } = program(text, { stdio: ['ignore', 'pipe', 'pipe', handed.fd] });
  handed.close();
  t.deepEqual(await arrived, ['to the peer', port]);
  const { out, code, err } = await ended;
  t.is(code, 0, err);
  t.is(out, `ENOTFOUND\ntrue ${peer.port}\n`);
  peer.close();
});

test('what is no UDP socket is not taken over, and stays open', async (t) => {
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: nothing });
  const code = process.platform === 'win32' ? 'ENOTSUP' : 'EINVAL';
  t.throws(() => udpSocket({ fd: Math.max(listener.fd, 0) }), { code, message: `open ${code}` });
  const client = await connect({ hostname: '127.0.0.1', port: listener.port, socket: nothing });
  t.is(client.readyState, 1);
  client.terminate();
  listener.stop(true);
});
