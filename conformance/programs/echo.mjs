// The first example of Bun's documentation, both ends in one program.
const server = Bun.listen({
  hostname: 'localhost',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { sessionId: 'abcd', bytes: 0 };
      console.log('server: open', /^(127\.0\.0\.1|::1)$/.test(socket.remoteAddress), typeof socket.remotePort);
    },
    data(socket, data) {
      socket.data.bytes += data.byteLength;
      socket.write(`${socket.data.sessionId}: ${data}`);
    },
    drain() {},
    close(socket, error) {
      console.log('server: close', socket.data.bytes, error);
    },
    error(_socket, error) {
      console.log('never', error);
    },
  },
});
console.log(server.hostname, server.port > 0, server.unix);

const received = Promise.withResolvers?.() ?? later();
const socket = await Bun.connect({
  hostname: 'localhost',
  port: server.port,
  data: { name: 'client' },
  socket: {
    open(socket) {
      console.log('client: open', socket.data.name, socket.readyState);
      socket.write('hello');
    },
    data(socket, data) {
      console.log('client: data', data.constructor.name, data.toString());
      received.resolve(socket);
    },
    close(socket) {
      console.log('client: close', socket.readyState, socket.write('too late'));
    },
  },
});
console.log('client: same socket', socket === (await received.promise));
console.log('client: end', socket.end('bye'), socket.end(), socket.bytesWritten);
server.stop();
server.unref();

function later() {
  const made = {};
  made.promise = new Promise((resolve) => {
    made.resolve = resolve;
  });
  return made;
}
