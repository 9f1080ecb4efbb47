// A TCP or TLS server against Bun's API: the same program on Bun and on bun-sockets.
import { service, tls } from './orders.mjs';

/** @param {typeof import('../../index.js').listen} listen */
export function startStreams(listen, options = {}) {
  return listen({ hostname: '127.0.0.1', port: 0, tls, socket: handlers[service], ...options });
}

const handlers = {
  echo: {
    open(socket) {
      socket.data = null;
    },
    data(socket, chunk) {
      if (socket.data !== null) {
        socket.data.push(chunk);
        return;
      }
      const written = socket.write(chunk);
      if (written < chunk.byteLength && written >= 0) socket.data = [chunk.subarray(written)];
    },
    drain(socket) {
      const backlog = socket.data;
      if (backlog === null) return;
      while (backlog.length > 0) {
        const chunk = backlog[0];
        const written = socket.write(chunk);
        if (written < chunk.byteLength) {
          if (written > 0) backlog[0] = chunk.subarray(written);
          return;
        }
        backlog.shift();
      }
      socket.data = null;
    },
    error() {},
  },
  sink: {
    open(socket) {
      socket.data = 0;
    },
    data(socket, chunk) {
      socket.data += chunk.byteLength;
    },
    error() {},
  },
  greet: {
    open(socket) {
      socket.write('!');
    },
    data() {},
    error() {},
  },
};
