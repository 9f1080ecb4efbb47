import test from 'ava';
import { dial, pair, serve } from './support/observe.mjs';

test('fires once, after n seconds and at most one more, and closes nothing', async (t) => {
  const fired = [];
  const { near } = await pair(t, { client: { timeout: (socket) => fired.push([socket, performance.now()]) } });
  const started = performance.now();
  t.is(near.timeout(1), undefined);
  await new Promise((resolve) => setTimeout(resolve, 3500));
  t.is(fired.length, 1);
  t.is(fired[0][0], near);
  const seconds = (fired[0][1] - started) / 1000;
  t.true(seconds >= 1 && seconds < 2.2, `after ${seconds} s`);
  t.is(near.readyState, 1);
  t.is(near.write('x'), 1);
});

test('activity does not postpone it', async (t) => {
  const { target } = serve(t, { data: (socket, data) => void socket.write(data) });
  const { socket, observer } = await dial(t, target);
  socket.timeout(1);
  const busy = setInterval(() => socket.write('x'), 20);
  t.teardown(() => clearInterval(busy));
  await observer.seen('timeout');
  t.true(observer.count('data') > 5);
});

test('0 cancels, another call replaces, re-arming inside the handler works', async (t) => {
  const { target } = serve(t);
  const [cancelled, replaced, again] = await Promise.all([
    dial(t, target),
    dial(t, target),
    dial(t, target, { timeout: (socket) => socket.timeout(1) }),
  ]);
  cancelled.socket.timeout(1);
  cancelled.socket.timeout(0);
  replaced.socket.timeout(1);
  replaced.socket.timeout(1000);
  again.socket.timeout(1);
  await again.observer.seen('timeout', 2);
  t.is(cancelled.observer.count('timeout'), 0);
  t.is(replaced.observer.count('timeout'), 0);
});

test('the same again counts from then on', async (t) => {
  const { target } = serve(t);
  /** @type {Record<string, number>} */
  const fired = {};
  const later = await dial(t, target, { timeout: () => (fired.later = performance.now()) });
  const first = await dial(t, target, {
    timeout: () => {
      fired.first = performance.now();
      later.socket.timeout(1);
    },
  });
  first.socket.timeout(1);
  later.socket.timeout(1);
  await later.observer.seen('timeout');
  const seconds = (fired.later - fired.first) / 1000;
  t.true(seconds >= 0.99, `after ${seconds} s`);
});

test('a closed socket no longer fires', async (t) => {
  const { near, nearSide } = await pair(t);
  near.timeout(1);
  near.close();
  await new Promise((resolve) => setTimeout(resolve, 2300));
  t.deepEqual(nearSide.events, ['open', 'close']);
});

test('arguments', async (t) => {
  const { near } = await pair(t);
  t.throws(() => near.timeout(), { message: 'Expected 1 argument, got 0' });
  t.throws(() => near.timeout(-1), { message: 'Timeout must be a positive integer' });
  for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}, '3', 1e12]) {
    t.is(near.timeout(value), undefined, String(value));
  }
});
