// A program for Bun: nothing in it knows of Node.js or of this package. It runs unchanged on both:
//
//   bun examples/bun-program.mjs
//   node --import bun-sockets/register examples/bun-program.mjs

import { connect, listen, udpSocket } from 'bun';

const server = listen({
  hostname: 'localhost',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { greeted: false };
    },
    data(socket, data) {
      if (!socket.data.greeted) socket.write(`Nice to meet you, ${data}!\n`);
      socket.data.greeted = true;
    },
    close: () => server.stop(),
  },
});

const time = await udpSocket({
  hostname: '127.0.0.1',
  socket: { data: (socket, _question, port, address) => void socket.send(String(new Date(0)), port, address) },
});
const asker = await udpSocket({
  connect: { hostname: '127.0.0.1', port: time.port },
  socket: {
    data(socket, answer) {
      console.log('It is', answer.toString());
      socket.close();
      time.close();
    },
  },
});
asker.send('what time is it?');

const socket = await connect({
  hostname: 'localhost',
  port: server.port,
  socket: {
    data(socket, data) {
      console.log(data.toString().trim());
      socket.end();
    },
  },
});
socket.write(globalThis.process?.versions.bun ? 'Bun' : 'Node.js');
