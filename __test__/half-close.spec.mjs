import { once } from 'node:events';
import test from 'ava';
import { dial, serve } from './support/observe.mjs';
import { errnoOf } from './support/platform.mjs';
import { accepted, everything, rawClient, rawServer } from './support/raw.mjs';

test('a FIN closes the other side too, after what its end handler writes', async (t) => {
  const { target, observer } = serve(t, { end: (socket) => void socket.write('goodbye') });
  const peer = await rawClient(t, target);
  const all = everything(peer);
  peer.end('hello');
  t.is((await all).toString(), 'goodbye');
  await observer.seen('close');
  t.deepEqual(observer.events, ['open', 'data', 'end', 'close']);
});

test('allowHalfOpen: open after the FIN until end is called', async (t) => {
  const { target, observer } = serve(t, {}, { allowHalfOpen: true });
  const peer = await rawClient(t, target);
  const all = everything(peer);
  peer.end('a question');
  await observer.seen('end');
  t.is(observer.socket.readyState, 1);
  t.is(observer.socket.write('a slow '), 7);
  t.is(observer.socket.end('answer'), 6);
  t.is((await all).toString(), 'a slow answer');
  await observer.seen('close');
  t.deepEqual(observer.events, ['open', 'data', 'end', 'close']);
});

test('allowHalfOpen: end sends the FIN and goes on reading until the peer ends', async (t) => {
  const { server, target } = await rawServer(t);
  const { socket, observer } = await dial(t, target, {}, { allowHalfOpen: true });
  const peer = await accepted(server);
  t.is(socket.end('a question'), 10);
  t.is(observer.count('close'), 0);
  t.is(socket.write('x'), -1);
  t.is((await everything(peer)).toString(), 'a question');
  peer.end('an answer');
  await observer.seen('close');
  t.is(observer.text, 'an answer');
  t.is(observer.events.at(-1), 'close');
});

test('allowHalfOpen: end is the end of a pause, so that nothing waits for ever', async (t) => {
  const { server, target } = await rawServer(t);
  const { socket, observer } = await dial(t, target, {}, { allowHalfOpen: true });
  const peer = await accepted(server);
  socket.pause();
  peer.end('an answer');
  t.is(socket.end('a question'), 10);
  t.is((await everything(peer)).toString(), 'a question');
  await observer.seen('close');
  t.is(observer.text, 'an answer');
});

test('without allowHalfOpen end closes at once', async (t) => {
  const { server, target } = await rawServer(t);
  const { socket, observer } = await dial(t, target);
  await accepted(server);
  socket.end('a question');
  t.deepEqual(observer.events, ['open', 'close']);
});

for (const allowHalfOpen of [false, true]) {
  test(`shutdown goes on reading, allowHalfOpen ${allowHalfOpen}`, async (t) => {
    const { server, target } = await rawServer(t);
    const { socket, observer } = await dial(t, target, {}, { allowHalfOpen });
    const peer = await accepted(server);
    socket.write('a question');
    t.is(socket.shutdown(), undefined);
    t.is(socket.readyState, 1);
    t.is(socket.write('x'), -1);
    t.is((await everything(peer)).toString(), 'a question');
    peer.end('an answer');
    await observer.seen('close');
    t.is(observer.text, 'an answer');
  });

  test(`shutdown(true) ends reading, allowHalfOpen ${allowHalfOpen}`, async (t) => {
    const { server, target } = await rawServer(t);
    const { socket, observer } = await dial(t, target, {}, { allowHalfOpen });
    const peer = await accepted(server);
    socket.shutdown(true);
    await observer.seen('end');
    if (allowHalfOpen) {
      t.is(socket.write('still'), 5);
      t.is((await once(peer, 'data')).toString(), 'still');
      socket.close();
    }
    await observer.seen('close');
    t.deepEqual(observer.events, ['open', 'end', 'close']);
  });
}

test('writing to a peer that is gone: one write, then close with EPIPE or ECONNRESET', async (t) => {
  const { server, target } = await rawServer(t);
  const { socket, observer } = await dial(t, target, {}, { allowHalfOpen: true });
  (await accepted(server)).destroy();
  await observer.seen('end');
  socket.write('into the void');
  await observer.seen('close');
  const code = process.platform === 'win32' ? 'ECONNRESET' : 'EPIPE';
  t.like(observer.last('close')[0], { code, errno: errnoOf(code), syscall: 'read' });
  t.is(socket.write('x'), -1);
});
