// In which order handlers, ticks, microtasks and promises run; async contexts; process.exit in a handler.
import { AsyncLocalStorage } from 'node:async_hooks';

const context = new AsyncLocalStorage();
const log = [];
const note = (side, text) => {
  log.push([side, `${text} (${context.getStore()})`]);
};
process.on('exit', (code) => {
  for (const side of ['server', 'client']) {
    const lines = log.filter(([of]) => of === side).map(([, text]) => text);
    console.log(`${side}: ${lines.join(', ')}`);
  }
  console.log('exit', code);
});

const server = context.run('S', () =>
  Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open() {
        note('server', 'open');
        queueMicrotask(() => note('server', 'microtask of open'));
        process.nextTick(() => note('server', 'tick of open'));
      },
      async data(socket, data) {
        note('server', `data ${data}`);
        await null;
        note('server', 'after await');
        socket.end('bye');
        note('server', 'after end');
      },
      close: () => note('server', 'close'),
    },
  }),
);
const promise = context.run('C', () =>
  Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      open(socket) {
        note('client', 'open');
        socket.write('hi');
        process.nextTick(() => note('client', 'tick of open'));
        queueMicrotask(() => note('client', 'microtask of open'));
      },
      data: (_socket, data) => note('client', `data ${data}`),
      end: () => note('client', 'end'),
      close() {
        note('client', 'close');
        process.exit(3);
      },
    },
  }),
);
note('client', 'connect returned');
promise.then(() => note('client', 'promise'));
