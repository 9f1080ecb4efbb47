import { createHash } from 'node:crypto';
import test from 'ava';
import { dial, pair, serve } from './support/observe.mjs';
import { accepted, rawServer } from './support/raw.mjs';

const MIB = 1 << 20;

/** Bytes whose every 4 KiB are unlike each other. */
function bytes(size) {
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4) data.writeUInt32LE(Math.imul(i ^ (i >>> 12), 2654435761) >>> 0, i);
  return data;
}

const digest = (...chunks) => chunks.reduce((hash, chunk) => hash.update(chunk), createHash('sha256')).digest('hex');

/** Handlers that send `data` as fast as the peer takes it, then end. */
function sender(data) {
  let at = 0;
  const send = (socket) => {
    at += socket.write(data, at, data.length - at);
    if (at === data.length) socket.end();
  };
  return { open: send, drain: send };
}

test('50 MB through a reader that pauses again and again', async (t) => {
  const data = bytes(50 * MIB);
  const hash = createHash('sha256');
  let pauses = 0;
  const { target, observer } = serve(
    t,
    {
      data(socket, chunk) {
        hash.update(chunk);
        if (observer.bytes > pauses * 4 * MIB) {
          pauses++;
          socket.pause();
          setTimeout(() => socket.resume(), 2);
        }
      },
    },
    { keepData: false },
  );
  const { observer: client } = await dial(t, target, sender(data));
  await observer.seen('close');
  t.is(observer.bytes, data.length);
  t.is(hash.digest('hex'), digest(data));
  t.true(pauses > 5);
  t.true(client.count('drain') > 0);
});

test('a short write is followed by one drain; a write that fits by none', async (t) => {
  const { server, target } = await rawServer(t, { pauseOnConnect: true });
  const { socket, observer } = await dial(t, target);
  const peer = await accepted(server);
  socket.write('fits');
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.is(observer.count('drain'), 0);
  const chunk = Buffer.alloc(MIB);
  while (socket.write(chunk) === chunk.length);
  t.is(observer.count('drain'), 0);
  peer.resume();
  await observer.seen('drain');
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(observer.count('drain'), 1);
});

test('20 connections, 5 MB both ways at once', async (t) => {
  const SIZE = 5 * MIB;
  const data = bytes(SIZE);
  const expected = digest(data);
  const both = (done) => {
    let at = 0;
    let got = 0;
    const hash = createHash('sha256');
    const send = (socket) => {
      if (at < SIZE) at += socket.write(data, at, SIZE - at);
      if (at === SIZE && got === SIZE) socket.end();
    };
    return {
      open: send,
      drain: send,
      data(socket, chunk) {
        got += chunk.length;
        hash.update(chunk);
        if (got === SIZE) done(hash.digest('hex'));
        if (at === SIZE && got === SIZE) socket.end();
      },
    };
  };
  const digests = [];
  let finish;
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  const arrived = (hash) => {
    if (digests.push(hash) === 40) finish();
  };
  // One set of handlers for all accepted sockets: their state is found by the socket.
  const sides = new Map();
  const forward =
    (event) =>
    (socket, ...rest) => {
      if (!sides.has(socket)) sides.set(socket, both(arrived));
      sides.get(socket)[event]?.(socket, ...rest);
    };
  const { target } = serve(
    t,
    { open: forward('open'), drain: forward('drain'), data: forward('data') },
    { keepData: false },
  );
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => dial(t, target, both(arrived), { keepData: false })),
  );
  await Promise.all(clients.map(({ observer }) => observer.seen('close')));
  // The server's ends may still be reading.
  await finished;
  t.is(digests.length, 40);
  t.deepEqual(new Set(digests), new Set([expected]));
});

test('events are at most 512 KiB, in exact memory of their own', async (t) => {
  const { near, farSide } = await pair(t, { client: sender(bytes(16 * MIB)) });
  t.truthy(near);
  await farSide.seen('close');
  const chunks = farSide.calls.filter(([event]) => event === 'data').map(([, data]) => data);
  t.true(chunks.every((chunk) => chunk.length <= 524288));
  t.true(chunks.every((chunk) => chunk.byteOffset === 0 && chunk.buffer.byteLength === chunk.length));
  t.is(new Set(chunks.map((chunk) => chunk.buffer)).size, chunks.length);
  t.is(digest(...chunks), digest(bytes(16 * MIB)));
});
