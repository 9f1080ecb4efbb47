// What goes wrong: refused, handlers that throw, wrong options, a port in use, names that do not exist.
const describe = (error) => [error.name, error.code, error.syscall, typeof error.errno].join(' ');

const closed = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
const { port } = closed;
closed.stop();

const refused = await Bun.connect({
  hostname: '127.0.0.1',
  port,
  socket: {
    data() {},
    connectError(socket, error) {
      console.log('connectError', describe(error), socket.readyState);
    },
  },
}).catch((error) => error);
console.log('rejected', describe(refused), refused.message);
console.log(
  describe(await Bun.connect({ hostname: 'no-such-host.invalid', port: 1, socket: { data() {} } }).catch((e) => e)),
);
console.log(describe(await Bun.connect({ unix: '/no/such/path', socket: { data() {} } }).catch((e) => e)));

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    data(_socket, data) {
      throw new RangeError(`cannot stand ${data}`);
    },
    error(socket, error) {
      console.log('error handler', error.name, error.message);
      socket.end('sorry');
    },
  },
});
try {
  Bun.listen({ hostname: '127.0.0.1', port: server.port, socket: { data() {} } });
} catch (error) {
  console.log(describe(error), error.message, error.port === server.port);
}
for (const options of [
  undefined,
  {},
  { socket: {} },
  { socket: { data() {} } },
  { hostname: 'x', port: 'y', socket: { data() {} } },
]) {
  try {
    Bun.listen(options);
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
await new Promise((resolve) => {
  Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      open: (socket) => void socket.write('this'),
      data: (_socket, data) => console.log('told', data.toString()),
      close: resolve,
    },
  });
});
server.stop();
