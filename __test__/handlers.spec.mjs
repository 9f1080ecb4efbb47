import test from 'ava';
import { listen } from 'bun-sockets';
import { dial, pair, serve } from './support/observe.mjs';
import { outcome } from './support/processes.mjs';

for (const event of ['data', 'end', 'close', 'timeout']) {
  test(`an error thrown in ${event} goes to error and changes nothing`, async (t) => {
    const thrown = new Error(`from ${event}`);
    const { near, far, farSide } = await pair(t, {
      server: {
        [event]: () => {
          throw thrown;
        },
        error(socket, ...rest) {
          t.is(this, socket);
          t.deepEqual(rest, [thrown]);
        },
      },
    });
    if (event === 'timeout') far.timeout(1);
    else near.end('x');
    await farSide.seen('error');
    if (event === 'data' || event === 'timeout') t.is(far.readyState, 1);
    near.close();
    await farSide.seen('close');
    t.is(farSide.count('error'), 1);
  });
}

for (const [way, open] of [
  [
    'throws',
    () => {
      throw new Error('from open');
    },
  ],
  ['returns an Error', () => new Error('from open')],
]) {
  test(`open that ${way}: error, close, and the promise still resolves`, async (t) => {
    const { target } = serve(t);
    const { socket, observer } = await dial(t, target, { open, error: () => {} });
    t.is(socket.readyState, -1);
    t.deepEqual(observer.events, ['open', 'error', 'close']);
    t.is(observer.last('error')[0].message, 'from open');
  });
}

test('a returned Error means nothing outside of open', async (t) => {
  const { near, farSide } = await pair(t, { server: { data: () => new Error('ignored'), error: () => {} } });
  near.end('x');
  await farSide.seen('close');
  t.is(farSide.count('error'), 0);
});

const ENDS_BADLY = (body) => `
  import { connect, listen } from 'bun-sockets';
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { ${body} } });
  const socket = await connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } });
  socket.write('x');
`;

test('without an error handler it is an uncaught exception', async (t) => {
  const { code, err, late } = await outcome(ENDS_BADLY("data() { throw new Error('nobody catches this'); }"));
  t.false(late);
  t.is(code, 1);
  t.regex(err, /nobody catches this/);
});

test('and a listener for those sees it; the socket stays open', async (t) => {
  const { code, out } = await outcome(`
    process.on('uncaughtException', (error, origin) => {
      console.log(origin, error.message, far.readyState);
      process.exit(7);
    });
    let far;
    ${ENDS_BADLY("open(s) { far = s; }, data() { throw new Error('caught'); }")}
  `);
  t.is(code, 7);
  t.is(out.trim(), 'uncaughtException caught 1');
});

test('an error handler that throws is an uncaught exception', async (t) => {
  const { code, err } = await outcome(
    ENDS_BADLY("data() { throw new Error('first'); }, error() { throw new Error('second'); }"),
  );
  t.is(code, 1);
  t.regex(err, /second/);
});

test('a rejected promise is an unhandled rejection, never an error', async (t) => {
  const { code, out } = await outcome(`
    process.on('unhandledRejection', (error) => {
      console.log(error.message);
      process.exit(8);
    });
    ${ENDS_BADLY("async data() { throw new Error('rejected'); }, error() { console.log('error called'); }")}
  `);
  t.is(code, 8);
  t.is(out.trim(), 'rejected');
});

const EXITS = {
  open: '',
  data: 'far.write("x");',
  end: 'far.shutdown();',
  close: 'near.close();',
  drain: 'far.pause(); while (near.write(Buffer.alloc(1 << 20)) === 1 << 20); far.resume();',
  timeout: 'near.timeout(1);',
};

for (const [event, cause] of Object.entries(EXITS)) {
  test(`process.exit inside ${event}`, async (t) => {
    const { code, err, late } = await outcome(`
      import { connect, listen } from 'bun-sockets';
      let opened;
      const accepted = new Promise((resolve) => { opened = resolve; });
      const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, open: (s) => opened(s) } });
      const near = await connect({
        hostname: '127.0.0.1',
        port: listener.port,
        allowHalfOpen: true,
        socket: { data() {}, ${event}() { process.exit(9); } },
      });
      const far = await accepted;
      ${cause}
    `);
    t.false(late);
    t.is(code, 9, err);
  });
}

test('handlers are read once: what is changed afterwards has no effect', async (t) => {
  const texts = [];
  const handlers = { data: (_, data) => texts.push(data.toString()) };
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: handlers });
  t.teardown(() => listener.stop(true));
  handlers.data = () => texts.push('changed');
  handlers.close = () => texts.push('added');
  const { socket, observer } = await dial(t, { hostname: '127.0.0.1', port: listener.port });
  socket.write('x');
  socket.shutdown();
  await observer.seen('close');
  t.deepEqual(texts, ['x']);
});

test('a class instance as handlers', async (t) => {
  const texts = [];
  class Handlers {
    data(socket, data) {
      texts.push(data.toString());
      socket.end();
    }
  }
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: new Handlers() });
  t.teardown(() => listener.stop(true));
  const { socket, observer } = await dial(t, { hostname: '127.0.0.1', port: listener.port });
  socket.write('to a method');
  await observer.seen('close');
  t.deepEqual(texts, ['to a method']);
});
