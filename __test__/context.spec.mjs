// The async context of handlers, and what runs between them.

import { AsyncLocalStorage } from 'node:async_hooks';
import test from 'ava';
import { dial, Observer, serve } from './support/observe.mjs';
import { accepted, rawServer } from './support/raw.mjs';

test('handlers run in the context of listen, connect or reload', async (t) => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const note = (name) => () => seen.push([name, storage.getStore()]);
  const { target, observer } = storage.run('listen', () =>
    serve(t, { open: note('server open'), data: note('server data') }),
  );
  const { socket, observer: client } = await storage.run('connect', () =>
    dial(t, target, { open: note('client open'), data: note('client data') }),
  );
  await observer.seen('open');
  storage.run('write', () => socket.write('x'));
  await observer.seen('data');
  const reloaded = new Observer({ data: note('reloaded data'), close: note('reloaded close') });
  storage.run('reload', () => socket.reload({ socket: reloaded.handlers }));
  storage.run('far write', () => observer.socket.write('y'));
  await reloaded.seen('data');
  storage.run('close', () => socket.close());
  t.deepEqual(
    new Map(seen),
    new Map([
      ['server open', 'listen'],
      ['client open', 'connect'],
      ['server data', 'listen'],
      ['reloaded data', 'reload'],
      ['reloaded close', 'reload'],
    ]),
  );
  t.is(client.count('data'), 0);
});

test('ticks, then microtasks, run between two handlers', async (t) => {
  const { server, target } = await rawServer(t);
  const order = [];
  const mark = (name) => () => {
    order.push(name);
    Promise.resolve().then(() => order.push(`${name} microtask`));
    process.nextTick(() => order.push(`${name} tick`));
  };
  const { socket, observer } = await dial(t, target, { data: mark('data'), end: mark('end'), close: mark('close') });
  socket.pause();
  const peer = await accepted(server);
  await new Promise((resolve) => peer.end('bytes and FIN together', resolve));
  socket.resume();
  await observer.seen('close');
  await new Promise(setImmediate);
  t.deepEqual(
    order,
    ['data', 'end', 'close'].flatMap((name) => [name, `${name} tick`, `${name} microtask`]),
  );
});

test('also between handlers of different sockets in one turn', async (t) => {
  const order = [];
  const { target, observer } = serve(t, {
    data: () => {
      order.push('data');
      Promise.resolve().then(() => order.push('microtask'));
    },
  });
  const clients = await Promise.all(Array.from({ length: 10 }, () => dial(t, target)));
  await observer.seen('open', 10);
  for (const { socket } of clients) socket.write('x');
  await observer.seen('data', 10);
  await new Promise(setImmediate);
  t.deepEqual(order, Array(10).fill(['data', 'microtask']).flat());
});

test('a close that a method causes is nested: waiting microtasks come after it', async (t) => {
  const { target } = serve(t);
  const order = [];
  const { socket } = await dial(t, target, { close: () => order.push('close') });
  queueMicrotask(() => order.push('microtask'));
  socket.close();
  order.push('returned');
  await new Promise(setImmediate);
  t.deepEqual(order, ['close', 'returned', 'microtask']);
});

test('timers are not starved by a flood', async (t) => {
  const { target, observer } = serve(t, { data: (socket, data) => void socket.write(data) }, { keepData: false });
  const clients = await Promise.all(
    Array.from({ length: 50 }, () =>
      dial(t, target, { data: (socket, data) => void socket.write(data) }, { keepData: false }),
    ),
  );
  for (const { socket } of clients) socket.write(Buffer.alloc(10_000));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(timer);
  t.true(ticks > 15, `${ticks} of 100 ticks`);
  t.true(observer.bytes > 1_000_000);
});
