// The other end on node:net.

import { once } from 'node:events';
import net from 'node:net';

/** A server on loopback whose connections are collected; closed with the test. */
export async function rawServer(t, options = {}) {
  const server = net.createServer({ allowHalfOpen: true, ...options });
  server.sockets = [];
  server.on('connection', (socket) => {
    server.sockets.push(socket);
    socket.on('error', () => {}); // resets are part of the tests
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of server.sockets) socket.destroy();
    server.close();
  });
  return { server, target: { hostname: '127.0.0.1', port: server.address().port } };
}

/** The next connection to a raw server. */
export async function accepted(server) {
  if (server.sockets.length > 0) return server.sockets[0];
  const [socket] = await once(server, 'connection');
  return socket;
}

/** Everything a stream gives until its end. */
export async function everything(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

/** A connection to a listener, opened; destroyed with the test. */
export async function rawClient(t, { hostname, port, unix }, options = {}) {
  const socket = net.connect({
    ...(unix ? { path: unix } : { host: hostname, port }),
    allowHalfOpen: true,
    ...options,
  });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
