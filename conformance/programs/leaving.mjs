// Everything that can be called inside close, and connecting again there.
let tries = 0;
const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.write('go away');
      socket.end();
    },
    data() {},
  },
});

function again() {
  Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      data(_socket, data) {
        console.log('data', data.toString());
      },
      close(socket, error) {
        console.log('close', error, socket.write('x'), socket.end('y'), socket.readyState, socket.bytesWritten);
        for (const name of ['close', 'terminate', 'shutdown', 'flush', 'pause', 'resume', 'ref', 'unref'])
          socket[name]();
        socket.timeout(1);
        if (++tries < 3) again();
        else server.stop(true);
      },
    },
  });
}
again();
