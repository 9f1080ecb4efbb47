// Peers that know nothing of Bun's sockets: node:net, node:tls, node:https and node:dgram.
import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const pem = (name) => fs.readFileSync(new URL(`../certificates/${name}.pem`, import.meta.url), 'utf8');
const where = { hostname: '127.0.0.1', port: 0 };
const echo = { data: (socket, data) => void socket.write(data), end: (socket) => void socket.end() };

const plain = Bun.listen({ ...where, socket: echo });
const overNet = net.connect(plain.port, '127.0.0.1', () => overNet.end('over net'));
let text = '';
overNet.on('data', (data) => {
  text += data;
});
await once(overNet, 'close');
console.log(text);
plain.stop(true);

const secure = Bun.listen({ ...where, tls: { key: pem('server-rsa-key'), cert: pem('server-rsa') }, socket: echo });
const client = { port: secure.port, host: '127.0.0.1', ca: pem('authority'), servername: 'localhost' };
const overTls = tls.connect(client, () => overTls.write('over tls'));
const [data] = await once(overTls, 'data');
console.log(data.toString(), overTls.authorized, overTls.getProtocol());
overTls.destroy();
secure.stop(true);

const page = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
const web = Bun.listen({
  ...where,
  tls: { key: pem('server-ec-key'), cert: pem('server-ec') },
  socket: { data: (socket) => void socket.end(page) },
});
await new Promise((resolve, reject) => {
  const request = https.get({ ...client, port: web.port }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (part) => {
      body += part;
    });
    response.on('end', () => resolve(console.log(response.statusCode, body)));
  });
  request.on('error', reject);
});
web.stop(true);

const udp = await Bun.udpSocket({
  hostname: '127.0.0.1',
  socket: { data: (socket, data, port, address) => void socket.send(data, port, address) },
});
const overDgram = dgram.createSocket('udp4');
overDgram.send('over dgram', udp.port, '127.0.0.1');
const [message] = await once(overDgram, 'message');
console.log(message.toString());
overDgram.close();
udp.close();

const server = net.createServer((socket) => {
  socket.write('hi');
  socket.on('data', (data) => socket.end(data.toString().toUpperCase()));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
await new Promise((resolve) => {
  Bun.connect({
    hostname: '127.0.0.1',
    port: server.address().port,
    socket: {
      data(socket, data) {
        console.log('got', data.toString());
        if (data.toString() === 'hi') socket.write('shout');
      },
      end: () => console.log('end'),
      close: resolve,
    },
  });
});
server.close();
