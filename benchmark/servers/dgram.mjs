// node:dgram, as its documentation would have it.
import dgram from 'node:dgram';
import { service, serveOrders } from './orders.mjs';
import { BURST } from './bun-datagrams.mjs';
import { Count } from './count.mjs';

const count = new Count();
const socket = dgram.createSocket('udp4');
const services = {
  'udp-echo': (datagram, { port, address }) => socket.send(datagram, port, address),
  'udp-count': (datagram) => count.add(datagram[0]),
  'udp-burst': (datagram, { port, address }) => {
    for (let i = 0; i < BURST; i += 1) socket.send(datagram, port, address);
  },
};
socket.on('message', services[service]);
socket.on('error', () => {});
socket.bind(0, '127.0.0.1', () => serveOrders(socket.address().port, count));
