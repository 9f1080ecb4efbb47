// The async context of handlers, and what runs between them.

import { AsyncLocalStorage } from 'node:async_hooks';
import test from 'ava';
import { dial, Observer, serve } from './support/observe.mjs';
import { outcome } from './support/processes.mjs';
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

test('tools that look for what keeps a process alive find open sockets, and nothing else', async (t) => {
  const { out, err, code } = await outcome(`
    import { createHook } from 'node:async_hooks';
    const found = [];
    createHook({
      init(_id, type, _trigger, resource) {
        if (/^(Bun|bun)/.test(type)) found.push([type, resource]);
      },
    }).enable();
    const { connect, listen, udpSocket } = await import('bun-sockets');
    // Several contexts may be one socket's; what counts is whether any of a kind says so.
    const said = () => [...new Set(found.filter(([, resource]) => resource.hasRef()).map(([type]) => type))].sort().join();
    const steps = [said()];
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, close: () => closed() } });
    steps.push(said());
    listener.unref();
    steps.push(said());
    const over = new Promise((resolve) => { closed = resolve; });
    var closed;
    const socket = await connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } });
    steps.push(said());
    socket.reload({ socket: { data() {} } });
    steps.push(said());
    socket.end();
    await over;
    steps.push(said());
    const udp = await udpSocket({ socket: { data() {} } });
    steps.push(said());
    udp.unref();
    steps.push(said());
    udp.ref();
    steps.push(said());
    udp.close();
    listener.stop();
    steps.push(said());
    console.log(JSON.stringify(steps));
  `);
  t.is(code, 0, err);
  const [socket, udp] = ['BunSocket', 'BunUdpSocket'];
  t.deepEqual(JSON.parse(out), ['', socket, '', socket, socket, '', udp, '', udp, '']);
});
