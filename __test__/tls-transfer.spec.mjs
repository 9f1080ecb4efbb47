import { createHash, randomBytes } from 'node:crypto';
import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { ca, identity } from './support/secure.mjs';

const CONNECTIONS = 20;
const BYTES = 5_000_000;

/** A sender and receiver that pauses at random and keeps count. */
function transfer(payload, finished) {
  const hash = createHash('sha256');
  let sent = 0;
  let received = 0;
  const send = (socket) => {
    while (sent < payload.length) {
      const size = 1 + Math.floor(Math.random() * 300_000);
      const piece = payload.subarray(sent, sent + size);
      const count = socket.write(piece);
      if (count < 0) throw new Error('the socket is closed');
      sent += count;
      if (count < piece.length) return;
    }
  };
  return {
    drain: send,
    data(socket, data) {
      hash.update(data);
      received += data.length;
      if (received === payload.length) finished(hash.digest('hex'));
      if (Math.random() < 0.05) {
        socket.pause();
        setTimeout(() => socket.resume(), Math.random() * 5);
      }
    },
  };
}

test('5 MB both ways on 20 connections at once, under random pauses', async (t) => {
  t.timeout(120_000);
  const payload = randomBytes(BYTES);
  const expected = createHash('sha256').update(payload).digest('hex');
  const arrived = [];
  const all = Promise.withResolvers?.() ?? {};
  all.promise ??= new Promise((resolve) => {
    all.resolve = resolve;
  });
  const finished = (digest) => {
    arrived.push(digest);
    if (arrived.length === 2 * CONNECTIONS) all.resolve();
  };
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
    socket: {
      open(socket) {
        socket.data = transfer(payload, finished);
      },
      data: (socket, data) => socket.data.data(socket, data),
      drain: (socket) => socket.data.drain(socket),
    },
  });
  t.teardown(() => listener.stop(true));
  for (let i = 0; i < CONNECTIONS; i++) {
    connect({ hostname: '127.0.0.1', port: listener.port, tls: { ca }, socket: transfer(payload, finished) });
  }
  await all.promise;
  t.deepEqual(new Set(arrived), new Set([expected]));
});
