import { once } from 'node:events';
import test from 'ava';
import { dial, pair } from './support/observe.mjs';
import { outcome } from './support/processes.mjs';
import { accepted, everything, rawServer } from './support/raw.mjs';

/** What arrives when `fill` has written to a fresh connection. */
async function onTheWire(t, fill) {
  const { server, target } = await rawServer(t);
  const { socket } = await dial(t, target);
  const all = everything(await accepted(server));
  const result = fill(socket);
  socket.end();
  return { result, wire: await all };
}

test('every kind of data', async (t) => {
  const bytes = Uint8Array.from({ length: 8 }, (_, i) => 65 + i);
  const kinds = [
    ['text', 'text'],
    ['grün', 'grün'],
    ['a\ud800b', Buffer.from([97, 0xef, 0xbf, 0xbd, 98])],
    [Buffer.from('buffer'), 'buffer'],
    [bytes, 'ABCDEFGH'],
    [bytes.subarray(2, 4), 'CD'],
    [new Uint16Array([0x4141, 0x4242]), 'AABB'],
    [new DataView(bytes.buffer, 1, 3), 'BCD'],
    [bytes.buffer, 'ABCDEFGH'],
    [new Blob(['blob']), 'blob'],
    ['', ''],
    [new Uint8Array(0), ''],
  ];
  for (const [data, expected] of kinds) {
    const { result, wire } = await onTheWire(t, (socket) => socket.write(data));
    t.deepEqual(wire, Buffer.from(expected));
    t.is(result, wire.length);
  }
});

test('shared memory', async (t) => {
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([120, 121, 122]);
  const { wire } = await onTheWire(t, (socket) => socket.write(shared) + socket.write(new Uint8Array(shared, 1)));
  t.is(wire.toString(), 'xyzyz');
});

test('offset and length', async (t) => {
  const ten = Buffer.from('0123456789');
  const { result, wire } = await onTheWire(t, (socket) => [
    socket.write(ten, 3, 4),
    socket.write(ten, 10, 0),
    socket.write('zahl grün', 5, 5),
    socket.write(new Uint16Array(new Uint8Array(ten).buffer), 1, 3),
  ]);
  t.deepEqual(result, [4, 0, 5, 3]);
  t.is(wire.toString(), '3456grün123');
});

test('an offset alone means the rest', async (t) => {
  const { result, wire } = await onTheWire(t, (socket) => [
    socket.write(Buffer.from('0123456789'), 7),
    socket.write(Buffer.from('0123456789'), 8, undefined),
    socket.end(Buffer.from('abcdef'), 4),
  ]);
  t.deepEqual(result, [3, 2, 2]);
  t.is(wire.toString(), '78989ef');
});

test('offsets out of range', async (t) => {
  const { near } = await pair(t);
  const ten = Buffer.alloc(10);
  for (const args of [[11], [-1], [0, 11], [5, 6], [0, -1]]) {
    for (const method of ['write', 'end']) {
      t.throws(
        () => near[method](ten, ...args),
        { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' },
        `${method} ${args}`,
      );
    }
  }
  for (const args of [[Number.NaN], [0.5], [null], [{}], [1n], [0, Number.NaN], [0, null]]) {
    t.throws(() => near.write(ten, ...args), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' }, `${args}`);
  }
  t.is(near.readyState, 1);
  t.is(near.bytesWritten, 0);
});

test('encodings', async (t) => {
  const { wire } = await onTheWire(t, (socket) => {
    socket.write('6869', 'hex');
    socket.write('aGk', 'base64url');
    socket.write('\u00fc', 'latin1');
    socket.write('hi', 'utf16le');
    socket.write('6869', undefined, 'HEX');
  });
  t.deepEqual(wire, Buffer.concat([Buffer.from('hihi'), Buffer.from([0xfc]), Buffer.from('h\0i\0hi')]));
});

test('what is no data', async (t) => {
  const { near } = await pair(t);
  for (const [value, tail] of [
    [null, 'null'],
    [5, 'type number (5)'],
    [5n, 'type bigint (5n)'],
    [true, 'type boolean (true)'],
    [[1], 'an instance of Array'],
    [function named() {}, 'function named'],
    [Symbol('s'), 'type symbol (Symbol(s))'],
  ]) {
    const error = t.throws(() => near.write(value), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
    t.is(error.message, `The "data" argument must be of type string, buffer, or blob. Received ${tail}`);
  }
});

test('the memory may be used again as soon as write returns', async (t) => {
  const { wire } = await onTheWire(t, (socket) => {
    const memory = Buffer.from('first');
    socket.write(memory);
    memory.fill('x');
  });
  t.is(wire.toString(), 'first');
});

test('bytes leave inside write: a process that exits right after has sent them', async (t) => {
  const { server, target } = await rawServer(t);
  const all = once(server, 'connection').then(([socket]) => everything(socket));
  const { code } = await outcome(`
    import { connect } from 'bun-sockets';
    const socket = await connect({ ...${JSON.stringify(target)}, socket: { data() {} } });
    socket.write('already sent');
    process.exit(4);
  `);
  t.is(code, 4);
  t.is((await all).toString(), 'already sent');
});

test('bytesWritten counts what the kernel took', async (t) => {
  const { near } = await pair(t);
  near.write('12345');
  near.write('6');
  t.is(near.bytesWritten, 6);
  near.end('78');
  t.is(near.bytesWritten, 8);
});
