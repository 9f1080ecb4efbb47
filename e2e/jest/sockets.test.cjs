const sockets = require('bun-sockets');
const { echo, keepCounts } = require('./exercise.cjs');

test('echo', async () => {
  expect(await echo(sockets)).toEqual(['over TCP', 'over TLS', 'over UDP']);
  keepCounts(__filename);
});

test('bytes are what this test file calls a Buffer, and data is its Uint8Array', async () => {
  const listener = sockets.listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.end(d) } });
  const data = await new Promise((resolve, reject) => {
    sockets
      .connect({
        hostname: '127.0.0.1',
        port: listener.port,
        socket: { open: (s) => void s.write(new Uint8Array([1, 2, 3])), data: (_, d) => resolve(d) },
      })
      .catch(reject);
  });
  listener.stop();
  expect(Buffer.isBuffer(data)).toBe(true);
  expect([...data]).toEqual([1, 2, 3]);
});

test('promises go on between two handlers, and a throwing handler has its error handler', async () => {
  const order = [];
  await new Promise((resolve) => {
    const listener = sockets.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open() {
          order.push('open');
          Promise.resolve().then(() => order.push('microtask'));
          throw new Error('expected');
        },
        error: (_, error) => order.push(error.message),
        data() {},
        close() {
          order.push('close');
          listener.stop();
          resolve();
        },
      },
    });
    sockets.connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } });
  });
  expect(order.filter((x) => x !== 'microtask')).toEqual(['open', 'expected', 'close']);
  expect(order).toContain('microtask');
});

test('errors are this test file’s Errors, and an AbortSignal of its own is one', async () => {
  const socket = { data() {} };
  const { port } = sockets.listen({ hostname: '127.0.0.1', port: 0, signal: AbortSignal.abort(), socket });
  await expect(sockets.connect({ hostname: '127.0.0.1', port, socket })).rejects.toThrow('Failed to connect');
  const error = await sockets.connect({ hostname: '127.0.0.1', port, socket }).catch((reason) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(() => sockets.connect({ hostname: '127.0.0.1', port, socket: 5 })).toThrow(TypeError);
});

test('stats know the sockets of this test file', () => {
  const before = sockets.stats();
  const listener = sockets.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  expect(sockets.stats().listeners).toBe(before.listeners + 1);
  listener.stop();
  expect(sockets.stats().listeners).toBe(before.listeners);
});

test('fake timers do not stop sockets', async () => {
  jest.useFakeTimers();
  expect(await echo(sockets)).toEqual(['over TCP', 'over TLS', 'over UDP']);
  jest.useRealTimers();
});
