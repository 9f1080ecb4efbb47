// A value larger than any buffer: short writes, drain, and pause and resume on the other side.
const SIZE = 24 * 1024 * 1024;
const value = new Uint8Array(SIZE).map((_, i) => i % 251);
let drained = 0;

function pump(socket) {
  while (socket.data.sent < SIZE) {
    const wrote = socket.write(value.subarray(socket.data.sent));
    if (wrote <= 0) return;
    socket.data.sent += wrote;
  }
  socket.shutdown();
}

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { sent: 0 };
      pump(socket);
    },
    drain(socket) {
      drained++;
      pump(socket);
    },
    data() {},
    close(socket) {
      console.log('server: sent', socket.data.sent, socket.bytesWritten, drained > 0);
      server.stop();
    },
  },
});

let length = 0;
let wrong = 0;
let pauses = 0;
await Bun.connect({
  hostname: '127.0.0.1',
  port: server.port,
  socket: {
    binaryType: 'uint8array',
    data(socket, data) {
      for (let i = 0; i < data.length; i += 1009) if (data[i] !== (length + i) % 251) wrong++;
      length += data.length;
      if (length > (pauses + 1) * 4 * 1024 * 1024) {
        pauses++;
        socket.pause();
        setTimeout(() => socket.resume(), 5);
      }
    },
    close() {
      console.log('client: received', length, wrong, pauses > 0);
    },
  },
});
