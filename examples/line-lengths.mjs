import { connect, listen } from 'bun-sockets';

const server = listen({
  hostname: '127.0.0.1',
  port: 0,
  data: '', // each accepted socket starts with it: the part of a line that has come so far
  socket: {
    data(socket, chunk) {
      const lines = (socket.data + chunk).split('\n');
      socket.data = lines.pop();
      for (const line of lines) socket.write(`${line.length}\n`);
    },
  },
});

let unsent = Buffer.from('hello\nback-pressure\nbye\n'.repeat(100_000));
const send = (socket) => {
  unsent = unsent.subarray(socket.write(unsent)); // write() says how much the kernel took,
};
let answers = 0;

await connect({
  hostname: '127.0.0.1',
  port: server.port,
  socket: {
    open: send,
    drain: send, // and drain() when there is room again
    data(socket, chunk) {
      for (const byte of chunk) if (byte === 0x0a) answers++;
      if (answers === 300_000) socket.end();
    },
    close: () => server.stop(),
  },
});
process.on('exit', () => console.log(`${answers} lines answered`));
