// A worker thread with echo servers. Data: the list of [name, listen options]. Answers with each server's address.

import { parentPort, workerData } from 'node:worker_threads';
import { listen, udpSocket } from 'bun-sockets';

/** Writes what is left of a socket's last data; reads on only when all of it has been taken. */
function flush(socket) {
  const { unsent } = socket.data;
  const taken = socket.write(unsent);
  if (taken < 0) return;
  socket.data.unsent = unsent.subarray(taken);
  if (taken === unsent.length) socket.resume();
}

const handlers = {
  open(socket) {
    socket.data = { unsent: Buffer.alloc(0) };
  },
  data(socket, chunk) {
    const taken = socket.write(chunk);
    if (taken < 0 || taken === chunk.length) return;
    socket.data.unsent = chunk.subarray(taken);
    socket.pause();
  },
  drain: flush,
};

const servers = workerData.map(([name, options]) => [name, listen({ ...options, socket: handlers })]);
const addresses = Object.fromEntries(
  servers.map(([name, { hostname, port, unix }]) => [name, { hostname, port, unix }]),
);

const udp = await udpSocket({
  hostname: '127.0.0.1',
  socket: { data: (socket, data, port, address) => void socket.send(data, port, address) },
});
addresses.udp = { hostname: '127.0.0.1', port: udp.port };

parentPort.postMessage(addresses);
parentPort.once('message', () => {
  for (const [, server] of servers) server.stop(true);
  udp.close();
});
