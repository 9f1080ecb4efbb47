import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { dial, Observer, serve } from './support/observe.mjs';

test('aborted before: rejects with the reason, nothing is opened', async (t) => {
  const { target, observer } = serve(t);
  const client = new Observer();
  const reason = new Error('changed my mind');
  const error = await t.throwsAsync(connect({ ...target, signal: AbortSignal.abort(reason), socket: client.handlers }));
  t.is(error, reason);
  await dial(t, target);
  await observer.seen('open');
  t.is(observer.count('open'), 1);
  t.is(client.count('open'), 0);
});

/** What a promise rejects with. An abort's default reason is a DOMException, which ava does not take for an error. */
const rejection = (promise) =>
  promise.then(
    () => undefined,
    (reason) => reason,
  );

test('aborted during the attempt', async (t) => {
  const { target } = serve(t);
  const controller = new AbortController();
  const client = new Observer();
  const promise = connect({ ...target, signal: controller.signal, socket: client.handlers });
  controller.abort();
  t.is(await rejection(promise), controller.signal.reason);
  t.is(client.count('open'), 0);
});

test('aborted during a lookup', async (t) => {
  const controller = new AbortController();
  const promise = connect({ hostname: 'localhost', port: 9, signal: controller.signal, socket: { data() {} } });
  controller.abort();
  t.is(await rejection(promise), controller.signal.reason);
});

test('aborted later it has no effect', async (t) => {
  const { target, observer } = serve(t);
  const controller = new AbortController();
  const { socket } = await dial(t, target, {}, { signal: controller.signal });
  controller.abort();
  socket.write('x');
  await observer.seen('data');
  t.is(socket.readyState, 1);
});

test('on a listener it is stop(true)', async (t) => {
  const controller = new AbortController();
  const { listener, observer, target } = serve(t, {}, { signal: controller.signal });
  const { observer: client } = await dial(t, target);
  await observer.seen('open');
  controller.abort();
  t.is(listener.fd, -1);
  await client.seen('close');
  await t.throwsAsync(connect({ ...target, socket: { data() {} } }), { code: 'ECONNREFUSED' });
});

test('what is no signal', (t) => {
  for (const call of [connect, listen]) {
    for (const signal of [5, 'x', {}]) {
      t.throws(() => call({ hostname: '127.0.0.1', port: 0, signal, socket: { data() {} } }), {
        instanceOf: TypeError,
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
  }
});
