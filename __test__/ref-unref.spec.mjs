// What keeps a process running. Each case is a process of its own that must end by itself, or must not.

import test from 'ava';
import { outcome } from './support/processes.mjs';

const START = `
  import { connect, listen } from 'bun-sockets';
  let opened;
  const accepted = new Promise((resolve) => { opened = resolve; });
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, open: (s) => opened(s) } });
`;
const CONNECTED = `${START}
  const near = await connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } });
  const far = await accepted;
`;

const ENDS = {
  'a stopped listener': `${START} listener.stop();`,
  'a listener unref’d': `${START} listener.unref();`,
  'a listener unref’d again after ref': `${START} listener.unref(); listener.ref(); listener.unref();`,
  'sockets closed, listener stopped': `${CONNECTED} listener.stop(); near.close();`,
  'everything unref’d': `${CONNECTED} listener.unref(); near.unref(); far.unref();`,
  'unref’d sockets that answer each other for ever': `${START}
    listener.reload({ socket: { data: (socket, data) => socket.write(data), open: (socket) => opened(socket) } });
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port },
      socket: { data: (socket, data) => socket.write(data) },
    });
    const far = await accepted;
    for (const each of [listener, near, far]) each.unref();
    setTimeout(() => {}, 20);
    near.write('x');`,
  'ref twice, unref once': `${CONNECTED} listener.stop(); far.unref(); near.ref(); near.ref(); near.unref();`,
  'a connection that fails': `${START} const { port } = listener; listener.stop();
    connect({ hostname: '127.0.0.1', port, socket: { data() {}, connectError() {} } });`,
  'a paused socket whose peer process is gone, unref’d': `${CONNECTED} listener.stop(); near.pause(); near.unref(); far.unref();`,
};

const GOES_ON = {
  'a listener': START,
  'a listener ref’d after unref': `${START} listener.unref(); listener.ref();`,
  'a client, listener unref’d': `${CONNECTED} listener.unref(); far.unref();`,
  'an accepted socket of a stopped listener': `${CONNECTED} listener.stop(); near.unref();`,
  'a paused socket': `${CONNECTED} listener.unref(); far.unref(); near.pause();`,
};

for (const [name, text] of Object.entries(ENDS)) {
  test(`ends: ${name}`, async (t) => {
    const { code, late, err } = await outcome(text);
    t.false(late);
    t.is(code, 0, err);
  });
}

for (const [name, text] of Object.entries(GOES_ON)) {
  test(`goes on: ${name}`, async (t) => {
    // An unref'd timer fires only if something else keeps the loop running until then.
    const { code, out, err } = await outcome(
      `${text}\nsetTimeout(() => { console.log('goes on'); process.exit(); }, 300).unref();`,
    );
    t.is(out, 'goes on\n', err);
    t.is(code, 0);
  });
}

test('an attempt to connect keeps the process until it has succeeded', async (t) => {
  const { code, out, late } = await outcome(`${START}
    listener.unref();
    connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {}, open(s) { console.log('open'); s.close(); } } });
  `);
  t.false(late);
  t.is(code, 0);
  t.is(out, 'open\n');
});
