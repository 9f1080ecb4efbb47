// Handlers replaced while connections are open; unix sockets; dispose; unref; timeout; listener.data.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const unix = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'program-')), 'socket');
const server = Bun.listen({
  unix,
  data: { visits: 0 },
  socket: {
    open(socket) {
      socket.data.visits++;
    },
    data(socket, data) {
      socket.write(`first ${data}`);
    },
  },
});
console.log(server.unix === unix, server.port, server.hostname, fs.statSync(unix).isSocket());

const next = [];
const lines = [];
const take = () => new Promise((resolve) => (lines.length ? resolve(lines.shift()) : next.push(resolve)));
const socket = await Bun.connect({
  unix,
  socket: {
    data(_socket, data) {
      const text = data.toString();
      next.length ? next.shift()(text) : lines.push(text);
    },
    timeout: () => lines.push('never'),
    close: () => next.shift()?.('closed'),
  },
});
socket.write('one');
console.log(await take());
server.reload({ socket: { data: (socket, data) => void socket.write(`second ${data}`) } });
socket.write('two');
console.log(await take());
console.log(socket.remoteAddress, socket.localPort, server.data.visits);
socket.timeout(100);
const closed = take();
server.stop(true);
console.log(await closed, fs.existsSync(unix));
socket[Symbol.dispose]();
fs.rmSync(path.dirname(unix), { recursive: true });

const idle = Bun.listen({ hostname: 'localhost', port: 0, socket: { open: (socket) => socket.unref(), data() {} } });
idle.unref();
const connection = await Bun.connect({ hostname: 'localhost', port: idle.port, socket: { data() {} } });
connection.unref();
console.log('nothing keeps the process alive');
