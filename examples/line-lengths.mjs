import { connect, listen } from 'bun-sockets';

function send(socket) {
  const { unsent } = socket.data;
  socket.data.unsent = unsent.subarray(socket.write(unsent)); // write() says how much the kernel took,
}

const server = listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { line: '', unsent: Buffer.alloc(0) };
    },
    data(socket, chunk) {
      const lines = (socket.data.line + chunk).split('\n');
      socket.data.line = lines.pop(); // the part of a line that has come so far
      const answers = lines.map((line) => `${line.length}\n`).join('');
      socket.data.unsent = Buffer.concat([socket.data.unsent, Buffer.from(answers)]);
      send(socket);
    },
    drain: send, // and drain() when there is room again
  },
});

let answers = 0;

await connect({
  hostname: '127.0.0.1',
  port: server.port,
  data: { unsent: Buffer.from('hello\nback-pressure\nbye\n'.repeat(100_000)) },
  socket: {
    open: send,
    drain: send,
    data(socket, chunk) {
      for (const byte of chunk) if (byte === 0x0a) answers++;
      if (answers === 300_000) socket.end();
    },
    close: () => server.stop(),
  },
});
process.on('exit', () => console.log(`${answers} lines answered`));
