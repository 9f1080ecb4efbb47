// A UDP server against Bun's API: the same program on Bun and on bun-sockets.
import { service } from './orders.mjs';
import { Count } from './count.mjs';

/** As many as `BURST` in the load generator. */
export const BURST = 100;

/** @param {typeof import('../../index.js').udpSocket} udpSocket */
export async function startDatagrams(udpSocket) {
  const count = new Count();
  let packets = [];
  const handlers = {
    'udp-echo': {
      data(socket, datagram, port, address) {
        socket.send(datagram, port, address);
      },
    },
    'udp-count': {
      data(_socket, datagram) {
        count.add(datagram[0]);
      },
    },
    'udp-burst': {
      data(socket, datagram, port, address) {
        // The packets of the last burst do again, when they are for the same peer.
        if (packets[1] !== port) packets = Array(BURST).fill([datagram, port, address]).flat();
        socket.sendMany(packets);
      },
    },
  };
  const socket = await udpSocket({
    hostname: '127.0.0.1',
    port: 0,
    binaryType: 'buffer',
    socket: { ...handlers[service], error() {} },
  });
  return { port: socket.port, count };
}
