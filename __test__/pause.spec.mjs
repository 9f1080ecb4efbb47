import test from 'ava';
import { dial } from './support/observe.mjs';
import { accepted, rawServer } from './support/raw.mjs';

/** Long enough for bytes on the loopback to arrive; what must not come within it would have come at once. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 50));

async function connected(t, own, options) {
  const { server, target } = await rawServer(t);
  const client = await dial(t, target, own, options);
  return { ...client, peer: await accepted(server) };
}

test('no data, end or close while paused; writing works', async (t) => {
  const { socket, observer, peer } = await connected(t);
  t.is(socket.pause(), undefined);
  t.is(socket.pause(), undefined);
  peer.end('data and FIN');
  await moment();
  t.deepEqual(observer.events, ['open']);
  t.is(socket.write('works'), 5);
  t.is(socket.resume(), undefined);
  await observer.seen('close');
  t.deepEqual(observer.events, ['open', 'data', 'end', 'close']);
  t.is(observer.text, 'data and FIN');
});

test('a reset comes while paused', async (t) => {
  const { socket, observer, peer } = await connected(t);
  socket.pause();
  peer.resetAndDestroy();
  await observer.seen('close');
  t.is(observer.last('close')[0].code, 'ECONNRESET');
});

test('paused inside data: one event for each resume', async (t) => {
  const { socket, observer, peer } = await connected(t, { data: (self) => self.pause() }, { keepData: false });
  peer.write(Buffer.alloc(4 << 20));
  for (let i = 1, before = 0; i <= 3; i++) {
    await observer.seen(() => observer.bytes > before);
    before = observer.bytes;
    await moment();
    t.is(observer.bytes, before);
    socket.resume();
  }
});

test('paused inside open', async (t) => {
  const { socket, observer, peer } = await connected(t, { open: (self) => self.pause() });
  peer.write('early');
  await moment();
  t.deepEqual(observer.events, ['open']);
  socket.resume();
  await observer.seen('data');
});

test('close while paused', async (t) => {
  const { socket, observer } = await connected(t);
  socket.pause();
  socket.close();
  t.deepEqual(observer.events, ['open', 'close']);
});
