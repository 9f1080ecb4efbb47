// Sockets and what else runs in the event loop.

import test from 'ava';
import { outcome } from './support/processes.mjs';

const TALK = `
  const { connect, listen } = await import('bun-sockets');
  let count = 0;
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (socket, data) => socket.write(data) } });
  const near = await connect({
    ...{ hostname: '127.0.0.1', port: listener.port },
    socket: {
      data(socket, data) {
        count++;
        if (count < 100) return void socket.write(data);
        socket.end();
        listener.stop();
        console.log(count);
      },
    },
  });
  near.write('x');
`;
const FAKE = `
  import { mock } from 'node:test';
  mock.timers.enable({ apis: ['setImmediate', 'setInterval', 'setTimeout'] });
`;

for (const [name, text] of Object.entries({
  'fake timers that were there before': `${FAKE} ${TALK}`,
  'fake timers that come later': `await import('bun-sockets'); const { mock } = await import('node:test');
    mock.timers.enable({ apis: ['setImmediate', 'setInterval', 'setTimeout'] }); ${TALK}`,
})) {
  test(`${name} do not stop the sockets`, async (t) => {
    const { code, out, late } = await outcome(text);
    t.false(late);
    t.is(out, '100\n');
    t.is(code, 0);
  });
}

test('sockets that always have something to say leave immediates and timers their turns', async (t) => {
  const { out, late } = await outcome(`
    import { connect, listen } from 'bun-sockets';
    let rounds = 0, immediates = 0, timers = 0;
    const answer = (socket, data) => { rounds++; socket.write(data); };
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: answer } });
    const near = await connect({ hostname: '127.0.0.1', port: listener.port, socket: { data: answer } });
    near.write('x');
    const again = () => { immediates++; if (timers < 20) setImmediate(again); };
    again();
    const timer = setInterval(() => {
      if (++timers < 20) return;
      clearInterval(timer);
      near.terminate();
      listener.stop(true);
      // Between two immediates comes one pass over the sockets, here one event; on Windows it has to pass a thread first.
      const fewest = process.platform === 'win32' ? 0 : 0.9 * immediates;
      console.log(immediates > 20, rounds > fewest && rounds <= 1.1 * immediates);
    }, 1);
  `);
  t.false(late);
  t.is(out, 'true true\n');
});
