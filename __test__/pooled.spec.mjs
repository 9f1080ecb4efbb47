// `pooledBuffer`: Buffers that may share memory, and still keep what they hold.

import test from 'ava';
import { listen, pooledBuffer, udpSocket } from 'bun-sockets';
import { rawClient } from './support/raw.mjs';

/** A message that tells which one it is. */
const message = (number, length) => Buffer.alloc(length, number % 251);

/** Sends one message after the other, every second longer by `more`, each when the one before has arrived; gives what came. */
async function received(t, count, length, binaryType, more = 0) {
  const all = [];
  let arrived = 0;
  let wake = () => {};
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      binaryType,
      data(_socket, data) {
        all.push(data);
        arrived += data.byteLength;
        wake();
      },
    },
  });
  t.teardown(() => listener.stop(true));
  const client = await rawClient(t, listener);
  let sent = 0;
  for (let number = 0; number < count; number += 1) {
    const next = message(number, length + (number % 2) * more);
    client.write(next);
    sent += next.length;
    while (arrived < sent) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  }
  return all;
}

test('many messages are kept, and share memory', async (t) => {
  const all = await received(t, 200, 1000, pooledBuffer);
  t.true(all.every((data) => Buffer.isBuffer(data)));
  t.true(Buffer.concat(all).equals(Buffer.concat(all.map((_, number) => message(number, 1000)))));
  t.true(new Set(all.map((data) => data.buffer)).size < all.length);
});

// So many events of one length in a row, without those of other tests between them, that memory is made ahead more than once
// (`lib/stock.js`).
for (const length of [65, 1000, 1024, 1025, 4096, 16_384]) {
  test.serial(`without it ${length} bytes, again and again, share nothing`, async (t) => {
    const all = await received(t, 200, length, 'buffer');
    t.is(new Set(all.map((data) => data.buffer)).size, all.length);
    t.true(all.every((data) => data.byteOffset === 0 && data.buffer.byteLength === length));
    t.true(all.every((data, number) => data.equals(message(number, length))));
  });
}

test.serial('without it messages that may come in parts share nothing', async (t) => {
  const all = await received(t, 100, 40_000, 'buffer');
  t.is(new Set(all.map((data) => data.buffer)).size, all.length);
  t.true(all.every((data) => data.byteOffset === 0 && data.buffer.byteLength === data.length));
  t.true(Buffer.concat(all).equals(Buffer.concat(Array.from({ length: 100 }, (_, number) => message(number, 40_000)))));
});

test.serial('memory that was made ahead for one length goes to no other', async (t) => {
  const lengths = [100, 5000, 100, 64, 101, 100, 5000];
  for (const length of lengths) {
    // As many as make the next length expected, and some of what was made for it are left.
    const all = await received(t, 20, length, 'uint8array');
    t.true(all.every((data) => data.byteLength === length && data.buffer.byteLength === length));
    t.true(all.every((data, number) => data.every((byte) => byte === number % 251)));
  }
});

test.serial('sizes in turns', async (t) => {
  const all = await received(t, 100, 200, 'arraybuffer', 50);
  t.true(all.every((data, number) => data.byteLength === (number % 2 ? 250 : 200)));
  t.true(all.every((data, number) => new Uint8Array(data).every((byte) => byte === number % 251)));
});

for (const [binaryType, Type] of [
  ['buffer', Buffer],
  ['uint8array', Uint8Array],
  ['arraybuffer', ArrayBuffer],
]) {
  test(`${binaryType}: whatever the length, the memory is as long as the data`, async (t) => {
    for (const length of [1, 64, 65, 1024, 4096, 4097, 16_384, 16_385]) {
      // Three of each: what one leaves in memory must not show in the next.
      for (const data of await received(t, 3, length, binaryType)) {
        t.is(Object.getPrototypeOf(data), Type.prototype);
        if (Type !== ArrayBuffer) t.is(data.byteOffset, 0);
        t.is((data.buffer ?? data).byteLength, data.byteLength);
      }
    }
  });
}

test('large data', async (t) => {
  const all = await received(t, 3, 700_000, pooledBuffer);
  t.true(Buffer.concat(all).equals(Buffer.concat([0, 1, 2].map((number) => message(number, 700_000)))));
});

test('UDP sockets take it, and tell of a Buffer', async (t) => {
  const all = [];
  let enough = () => {};
  const done = new Promise((resolve) => {
    enough = resolve;
  });
  const receiver = await udpSocket({
    hostname: '127.0.0.1',
    binaryType: pooledBuffer,
    socket: {
      data(_socket, data) {
        all.push(data);
        if (all.length === 20) enough();
      },
    },
  });
  t.teardown(() => receiver.close());
  t.is(receiver.binaryType, 'buffer');
  const sender = await udpSocket({ hostname: '127.0.0.1', connect: { hostname: '127.0.0.1', port: receiver.port } });
  t.teardown(() => sender.close());
  for (let number = 0; number < 20; number += 1) sender.send(message(number, 500));
  await done;
  t.true(Buffer.concat(all).equals(Buffer.concat(all.map((_, number) => message(number, 500)))));
  t.true(new Set(all.map((data) => data.buffer)).size < all.length);
});
