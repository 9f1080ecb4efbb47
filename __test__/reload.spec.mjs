import test from 'ava';
import { dial, Observer, pair, serve } from './support/observe.mjs';

test('a listener’s reload reaches connections old and new', async (t) => {
  const { listener, near, farSide, target } = await pair(t);
  const second = new Observer();
  t.is(listener.reload({ socket: second.handlers, data: 'ignored' }), undefined);
  t.is(listener.data, undefined);
  near.write('old connection');
  await second.seen('data');
  const { socket } = await dial(t, target);
  await second.seen('open');
  socket.write('new connection');
  await second.seen('data', 2);
  t.deepEqual(farSide.events, ['open']);
});

test('handlers that are not given become absent, and binaryType falls back', async (t) => {
  const { listener, near } = await pair(t, { server: { binaryType: 'arraybuffer' } });
  const got = [];
  listener.reload({ socket: { data: (_, data) => got.push(data) } });
  near.write('x');
  near.shutdown();
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      if (got.length === 0) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  t.true(Buffer.isBuffer(got[0]));
});

test('a wrong reload throws and changes nothing', async (t) => {
  const { listener, near, far, farSide } = await pair(t);
  t.throws(() => listener.reload(), { message: 'Expected 1 argument' });
  t.throws(() => listener.reload(null), { instanceOf: TypeError, message: 'Expected options object' });
  t.throws(() => listener.reload({}), { message: 'Expected "socket" object' });
  t.throws(() => listener.reload({ socket: { data: 5 } }), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => far.reload(), { message: 'Expected 1 argument' });
  t.throws(() => far.reload(5), { message: 'Expected options object' });
  t.throws(() => far.reload({}), { message: 'Expected "socket" option' });
  t.throws(() => far.reload({ socket: {} }), { message: 'Expected at least "data" or "drain" callback' });
  near.write('x');
  await farSide.seen('data');
});

test('after stop it does nothing', (t) => {
  const { listener } = serve(t);
  listener.stop();
  t.is(listener.reload({ socket: { data() {} } }), undefined);
});

test('of a client: that socket only, from the next event', async (t) => {
  const second = new Observer();
  const { target, observer } = serve(t);
  const first = await dial(t, target, { data: (socket) => socket.reload({ socket: second.handlers }) });
  const other = await dial(t, target);
  await observer.seen('open', 2);
  const [farFirst, farOther] = observer.sockets;
  farFirst.write('1');
  await first.observer.seen('data');
  farFirst.end('2');
  await second.seen('close');
  t.deepEqual(second.events, ['data', 'end', 'close']);
  t.deepEqual(first.observer.events, ['open', 'data']);
  farOther.write('to the other');
  await other.observer.seen('data');
});

test('of an accepted socket: the listener’s handlers', async (t) => {
  const { far, near, target } = await pair(t);
  const second = new Observer();
  far.reload({ socket: second.handlers });
  await dial(t, target);
  await second.seen('open');
  near.write('x');
  await second.seen('data');
  t.is(second.text, 'x');
});
