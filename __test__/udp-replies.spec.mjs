// Replies to datagrams that came together leave together.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import test from 'ava';
import { open, rawDatagrams } from './support/datagrams.mjs';

const ASKED = 20;

test('every reply arrives, in order, with what goes elsewhere in between', async (t) => {
  const { socket: elsewhere, inbox: others } = await open(t);
  const { socket } = await open(t, {
    data(s, data, port, address) {
      const n = Number(data);
      t.true(s.send(`${n}`, port, address));
      if (n % 7 === 0) t.true(s.send(`${n}`, elsewhere.port, '127.0.0.1'));
      if (n % 5 === 0) t.is(s.sendMany([`${n} again`, port, address, `${n} once more`, port, address]), 2);
      // Longer than those that wait for others.
      if (n % 6 === 0) t.true(s.send(`${n} `.padEnd(2100, '.'), port, address));
    },
  });
  const { socket: near, inbox } = await open(t);
  const expected = [];
  for (let n = 0; n < 50; n++) {
    expected.push(`${n}`);
    if (n % 5 === 0) expected.push(`${n} again`, `${n} once more`);
    if (n % 6 === 0) expected.push(`${n} `.padEnd(2100, '.'));
  }
  near.sendMany(Array.from({ length: 50 }, (_, n) => [`${n}`, socket.port, '127.0.0.1']).flat());
  await inbox.got(expected.length);
  await others.got(8);
  t.deepEqual(inbox.texts, expected);
  t.deepEqual(
    others.texts,
    Array.from({ length: 8 }, (_, i) => `${7 * i}`),
  );
});

test('many replies to one datagram', async (t) => {
  const { socket } = await open(t, {
    data(s, data, port, address) {
      for (let i = 0; i < 50; i++) s.send(`${data}.${i}`, port, address);
    },
  });
  const { socket: near, inbox } = await open(t);
  near.sendMany(['0', '1', '2'].flatMap((n) => [n, socket.port, '127.0.0.1']));
  await inbox.got(150);
  t.deepEqual(
    inbox.texts,
    Array.from({ length: 150 }, (_, i) => `${Math.floor(i / 50)}.${i % 50}`),
  );
});

test('replies of a connected socket', async (t) => {
  const { socket: far, inbox } = await open(t);
  const { socket } = await open(
    t,
    { data: (s, data) => s.send(data) },
    { connect: { hostname: '127.0.0.1', port: far.port } },
  );
  far.sendMany(Array.from({ length: 30 }, (_, n) => [`${n}`, socket.port, '127.0.0.1']).flat());
  await inbox.got(30);
  t.deepEqual(
    inbox.texts,
    Array.from({ length: 30 }, (_, n) => `${n}`),
  );
});

test('a reply that is sent after the handler has returned does not wait', async (t) => {
  const { socket } = await open(t, {
    async data(s, data, port, address) {
      await null;
      s.send(data, port, address);
      setImmediate(() => s.send(`${data} later`, port, address));
    },
  });
  const { socket: near, inbox } = await open(t);
  near.sendMany(Array.from({ length: 30 }, (_, n) => [`${n}`, socket.port, '127.0.0.1']).flat());
  await inbox.got(60);
  t.is(new Set(inbox.texts).size, 60);
});

const ENDS = {
  'process.exit()': 0,
  'throw new Error("uncaught")': 1,
  'socket.close()': 0,
};
for (const [end, status] of Object.entries(ENDS)) {
  test(`replies before ${end} arrive`, async (t) => {
    const program = `
      import { udpSocket } from 'bun-sockets';
      let count = 0;
      const server = await udpSocket({
        hostname: '127.0.0.1',
        socket: {
          data(socket, data, port, address) {
            if (String(data) === 'block') {
              // Until all that the test sends has come: the next ones are read together.
              process.stdout.write('blocked\\n');
              const until = Date.now() + 500;
              while (Date.now() < until);
              return;
            }
            socket.send(data, port, address);
            if (++count === 5) { ${end}; }
          },
        },
      });
      console.log(server.port);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exit = once(child, 'exit');
    t.teardown(() => child.kill());
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    const raw = await rawDatagrams(t);
    raw.socket.send('block', port, '127.0.0.1');
    t.is((await lines.next()).value, 'blocked');
    for (let n = 0; n < ASKED; n++) raw.socket.send(`${n}`, port, '127.0.0.1');
    t.is((await exit)[0], status);
    while (raw.socket.received.length < 5) await once(raw.socket, 'message');
    t.deepEqual(
      raw.socket.received.map(({ data }) => String(data)),
      ['0', '1', '2', '3', '4'],
    );
  });
}
