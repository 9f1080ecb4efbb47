// What each test file of the projects does with the installed package.

const fs = require('node:fs');
const path = require('node:path');

const pem = (name) => fs.readFileSync(path.join(__dirname, `${name}.pem`));

/** An echo over TCP, TLS and UDP, on loopback; resolves with what came back. */
exports.echo = ({ connect, listen, udpSocket }) => {
  const stream = (message, server, client) =>
    new Promise((resolve, reject) => {
      const listener = listen({
        ...server,
        hostname: '127.0.0.1',
        port: 0,
        socket: { data: (socket, data) => void socket.write(data), close: () => listener.stop() },
      });
      let text = '';
      connect({
        ...client,
        hostname: '127.0.0.1',
        port: listener.port,
        socket: {
          open: (socket) => void socket.write(message),
          data(socket, data) {
            text += data;
            if (text.length === message.length) socket.end();
          },
          close: () => resolve(text),
        },
      }).catch(reject);
    });
  const tcp = stream('over TCP');
  const key = new Uint8Array(pem('server-ec-key')).buffer;
  const tls = stream('over TLS', { tls: { key, cert: pem('server-ec') } }, { tls: { ca: [pem('authority')] } });
  const udp = new Promise((resolve, reject) => {
    const data = (socket, bytes) => {
      socket.close();
      resolve(bytes.toString());
    };
    udpSocket({ hostname: '127.0.0.1', socket: { data } }).then(
      (socket) => socket.send('over UDP', socket.port, '127.0.0.1'),
      reject,
    );
  });
  return Promise.all([tcp, tls, udp]);
};

/** Threads and descriptors of this process, on Linux; kept in a file for whoever started the tests. */
exports.keepCounts = (file) => {
  if (process.platform !== 'linux' || !process.env.COUNTS) return;
  const threads = fs.readdirSync('/proc/self/task').length;
  const descriptors = fs.readdirSync('/proc/self/fd').length;
  fs.appendFileSync(process.env.COUNTS, `${JSON.stringify({ pid: process.pid, file, threads, descriptors })}\n`);
};
