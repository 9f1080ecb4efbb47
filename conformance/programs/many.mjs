// Four hundred connections at once, kept in a Map.
const COUNT = 400;
const received = new Map();
let total = 0;
let gone = 0;

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      received.set(socket, 0);
    },
    data(socket, data) {
      received.set(socket, received.get(socket) + data.length);
      socket.write(data);
    },
    close(socket) {
      total += received.get(socket);
      received.delete(socket);
      if (++gone < COUNT) return;
      console.log('server: all gone', total, received.size);
      server.stop();
    },
  },
});

function client(length) {
  const message = Buffer.alloc(length, 'x');
  let got = 0;
  let rounds = 0;
  return new Promise((resolve) => {
    Bun.connect({
      hostname: '127.0.0.1',
      port: server.port,
      socket: {
        open: (socket) => void socket.write(message),
        data(socket, data) {
          got += data.length;
          if (got < message.length) return;
          got = 0;
          if (++rounds === 5) socket.end();
          else socket.write(message);
        },
        close: resolve,
      },
    });
  });
}
await Promise.all(Array.from({ length: COUNT }, (_, i) => client(i + 1)));
console.log('client: all done');
