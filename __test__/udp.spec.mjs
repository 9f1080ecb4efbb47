import { once } from 'node:events';
import test from 'ava';
import { udpSocket } from 'bun-sockets';
import { Inbox, open, rawDatagrams, turns } from './support/datagrams.mjs';
import { onLinux, withLoopbacks } from './support/platform.mjs';
import { outcome } from './support/processes.mjs';

test('datagrams to and from node:dgram', async (t) => {
  const { socket, inbox } = await open(t);
  const raw = await rawDatagrams(t);
  raw.socket.send('hello', socket.port, '127.0.0.1');
  await inbox.got();
  const [{ data, port, address, flags }] = inbox.datagrams;
  t.deepEqual([data, port, address], [Buffer.from('hello'), raw.port, '127.0.0.1']);
  t.deepEqual(flags, { truncated: false, ipv6: false });
  t.true(socket.send('back', port, address));
  const [answer, from] = await once(raw.socket, 'message');
  t.is(String(answer), 'back');
  t.is(from.port, socket.port);
});

test('IPv6 to and from node:dgram', async (t) => {
  const { socket, inbox } = await open(t, {}, { hostname: '::1' });
  const raw = await rawDatagrams(t, { type: 'udp6', address: '::1' });
  raw.socket.send('hello', socket.port, '::1');
  await inbox.got();
  t.is(inbox.datagrams[0].address, '::1');
  t.deepEqual(inbox.datagrams[0].flags, { truncated: false, ipv6: true });
  socket.send('back', raw.port, '::1');
  t.is(String((await once(raw.socket, 'message'))[0]), 'back');
});

withLoopbacks('many senders are told apart', async (t) => {
  const { socket, inbox } = await open(t, {}, { hostname: '::' });
  const senders = [];
  for (const hostname of ['127.0.0.1', '127.0.0.2', '::1', '127.255.255.254']) {
    senders.push((await open(t, {}, { hostname })).socket);
  }
  for (let round = 0; round < 3; round++) {
    for (const [i, sender] of senders.entries()) {
      sender.send(`${i}`, socket.port, sender.hostname.includes(':') ? '::1' : '127.0.0.1');
    }
  }
  await inbox.got(12);
  for (const { data, port, address, flags } of inbox.datagrams) {
    const sender = senders[Number(data)];
    t.is(port, sender.port);
    t.is(address, sender.hostname.includes(':') ? '::1' : `::ffff:${sender.hostname}`);
    t.true(flags.ipv6);
  }
});

test('a thousand datagrams in order, whatever their size', async (t) => {
  const { socket, inbox } = await open(t);
  const { socket: near } = await open(t);
  for (let sent = 0; sent < 1000; sent += 50) {
    const packets = [];
    for (let i = sent; i < sent + 50; i++) packets.push(`${i} ${'x'.repeat((i * 7) % 1500)}`, socket.port, '127.0.0.1');
    t.is(near.sendMany(packets), 50);
    await inbox.got(sent + 50);
  }
  t.true(inbox.texts.every((text, i) => text === `${i} ${'x'.repeat((i * 7) % 1500)}`));
});

test('sendMany of more bytes than fit the memory shared with the native half', async (t) => {
  const { socket, inbox } = await open(t);
  const { socket: near } = await open(t);
  // 655,070 bytes in 10 packets; a default receive buffer takes some of them only, so the receiver is this thread later on.
  const packets = Array.from({ length: 10 }, (_, i) => [Buffer.alloc(65_507, i), socket.port, '127.0.0.1']).flat();
  t.is(near.sendMany(packets), 10);
  await inbox.got(1);
  await turns();
  t.true(inbox.datagrams.every(({ data }) => data.length === 65_507 && data.every((byte) => byte === data[0])));
  // Strings are measured before they are encoded.
  const text = '\u20ac'.repeat(21_000);
  t.is(near.sendMany([text, socket.port, '127.0.0.1']), 1);
  await inbox.until(() => inbox.texts.includes(text));
});

test('drain follows when sendMany is refused after what fits the memory shared with the native half', async (t) => {
  const { socket: far } = await open(t);
  const { socket: near, inbox } = await open(t);
  // Eight of these fit; the ninth is longer than a datagram can be.
  const packets = Array.from({ length: 12 }, (_, i) => [Buffer.alloc(i < 8 ? 60_000 : 65_508), far.port, '127.0.0.1']);
  t.is(near.sendMany(packets.flat()), 8);
  await inbox.until(() => inbox.drains === 1);
  t.throws(() => near.sendMany(packets.slice(8).flat()), { code: 'EMSGSIZE' });
  await turns();
  t.is(inbox.drains, 1);
});

test('sendMany of more packets than one system call takes', async (t) => {
  const raw = await rawDatagrams(t, { recvBufferSize: 1 << 20 });
  const { socket } = await open(t, {}, { connect: { hostname: '127.0.0.1', port: raw.port } });
  t.is(socket.sendMany(new Array(3000).fill('x')), 3000);
  t.is(socket.sendMany(new Array(30_000).fill('')), 30_000);
});

test('each datagram has memory of its own', async (t) => {
  for (const binaryType of ['buffer', 'uint8array', 'arraybuffer']) {
    for (const length of [1, 64, 65, 1200, 9000]) {
      const { socket, inbox } = await open(t, {}, { binaryType });
      socket.sendMany([0, 1, 2].flatMap((i) => [Buffer.alloc(length, i), socket.port, '127.0.0.1']));
      await inbox.got(3);
      const buffers = inbox.datagrams.map(({ data }) => data.buffer ?? data);
      t.is(new Set(buffers).size, 3);
      t.true(buffers.every((buffer) => buffer instanceof ArrayBuffer && buffer.byteLength === length));
      structuredClone(buffers[0], { transfer: [buffers[0]] });
      new Uint8Array(buffers[1]).fill(9);
      t.true(new Uint8Array(buffers[2]).every((byte) => byte === 2));
      socket.close();
    }
  }
});

test('a handler may send, answer itself and close', async (t) => {
  const closed = await new Promise((resolve) => {
    open(
      t,
      {
        data(socket, data, port, address) {
          const left = Number(data);
          if (left === 0) {
            socket.close();
            resolve(socket.closed);
          } else {
            socket.sendMany([`${left - 1}`, port, address]);
          }
        },
      },
      {},
    ).then(({ socket }) => socket.send('500', socket.port, '127.0.0.1'));
  });
  t.true(closed);
});

test('what was read before close is not told after it', async (t) => {
  const { socket, inbox } = await open(t, { data: (s) => s.close() });
  const { socket: near } = await open(t);
  near.sendMany(Array.from({ length: 30 }, (_, i) => [`${i}`, socket.port, '127.0.0.1']).flat());
  await inbox.got();
  await turns();
  t.deepEqual(inbox.texts, ['0']);
});

onLinux('what a socket of this process sends arrives in the next turn of the loop', async (t) => {
  // Alone in a process, and with their first room behind them: where others have something to tell, too, a turn may end before the last of
  // them, and the poll is asked one turn later.
  const { out, err } = await outcome(`
    import { udpSocket } from 'bun-sockets';
    let arrived = 0;
    const open = async (data) => {
      let drain;
      const drained = new Promise((resolve) => { drain = resolve; });
      const socket = await udpSocket({ hostname: '127.0.0.1', socket: { data, drain } });
      await drained;
      return socket;
    };
    const far = await open(() => { arrived++; });
    const near = await open();
    // Here a handler has called. What is sent then arrives after the immediates.
    await new Promise((resolve) => setImmediate(resolve));
    const seen = [];
    for (let i = 0; i < 20; i++) {
      if (i % 2) near.send('x', far.port, '127.0.0.1');
      else near.sendMany(['x', far.port, '127.0.0.1']);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(arrived);
    }
    console.log(seen.join(' '));
    far.close();
    near.close();
  `);
  t.is(out, `${Array.from({ length: 20 }, (_, i) => i + 1).join(' ')}\n`, err);
});

test('a port is free again after close', async (t) => {
  const { socket } = await open(t);
  const { port } = socket;
  for (let i = 0; i < 20; i++) {
    socket.close();
    const again = await udpSocket({ hostname: '127.0.0.1', port });
    t.is(again.port, port);
    again.close();
  }
});

test('two sockets of one slot are not taken for each other', async (t) => {
  const { socket: near } = await open(t);
  const first = new Inbox();
  const one = await udpSocket({ hostname: '127.0.0.1', socket: first.handlers() });
  near.send('for the first', one.port, '127.0.0.1');
  one.close();
  const { socket: two, inbox: second } = await open(t);
  t.throws(() => one.setTTL(5), { code: 'EBADF' });
  one.ref();
  one.unref();
  one.close();
  t.is(one.fd, -1);
  near.send('for the second', two.port, '127.0.0.1');
  await second.got();
  t.deepEqual([first.texts, second.texts], [[], ['for the second']]);
});

test('conversions that interfere', async (t) => {
  const { socket, inbox } = await open(t);
  const { socket: near } = await open(t);
  const { port } = socket;
  const nested = {
    toString() {
      near.send('nested', port, '127.0.0.1');
      return '127.0.0.1';
    },
  };
  const number = {
    valueOf() {
      near.sendMany(['from valueOf', port, '127.0.0.1']);
      return port;
    },
  };
  t.true(near.send('outer', number, nested));
  t.is(near.sendMany(['one', number, nested, 'two', port, '127.0.0.1']), 2);
  await inbox.got(7);
  t.deepEqual(inbox.texts, ['from valueOf', 'nested', 'outer', 'from valueOf', 'nested', 'one', 'two']);

  const bytes = new Uint8Array([1, 2, 3]);
  const detaching = {
    toString() {
      structuredClone(bytes, { transfer: [bytes.buffer] });
      return '127.0.0.1';
    },
  };
  t.is(near.sendMany([bytes, port, detaching]), 1);
  await inbox.got(8);
  t.is(inbox.datagrams[7].data.length, 0);

  const closing = {
    valueOf() {
      near.close();
      return port;
    },
  };
  t.throws(() => near.send('x', closing, '127.0.0.1'), { message: 'Socket is closed' });
  const { socket: other } = await open(t);
  const closingOther = {
    valueOf() {
      other.close();
      return port;
    },
  };
  t.throws(() => other.sendMany(['x', closingOther, '127.0.0.1']), { message: 'Socket is closed' });
  const throwing = {
    toString() {
      throw new RangeError('mine');
    },
  };
  t.throws(() => socket.send('x', port, throwing), { instanceOf: RangeError, message: 'mine' });
  t.throws(() => socket.send('x', Symbol('port'), '127.0.0.1'), { instanceOf: TypeError });
  t.throws(() => socket.send('x', 5n, '127.0.0.1'), { instanceOf: TypeError });
  t.throws(() => socket.send('x', port, Symbol('address')), { instanceOf: TypeError });
});

const VIEWS = [Int8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
for (const View of globalThis.Float16Array ? [...VIEWS, globalThis.Float16Array] : VIEWS) {
  test(`binaryType ${View.name}`, async (t) => {
    const { socket: near } = await open(t);
    const sent = Buffer.from(Array.from({ length: 100 }, (_, i) => i));
    for (const binaryType of [View.name, View.name.toLowerCase(), new String(View.name)]) {
      const { socket, inbox } = await open(t, {}, { binaryType });
      t.is(socket.binaryType, View.name.toLowerCase());
      for (const length of [0, 5, 8, 99]) near.send(sent.subarray(0, length), socket.port, '127.0.0.1');
      await inbox.got(4);
      for (const [i, length] of [0, 5, 8, 99].entries()) {
        const { data } = inbox.datagrams[i];
        const whole = length - (length % View.BYTES_PER_ELEMENT);
        t.is(Object.getPrototypeOf(data), View.prototype);
        t.deepEqual([data.byteOffset, data.byteLength, data.buffer.byteLength], [0, whole, length]);
        t.deepEqual(Buffer.from(data.buffer), sent.subarray(0, length));
      }
    }
  });
}

test('an option of a socket that its argument closes', async (t) => {
  const calls = {
    setTTL: ['valueOf', 300],
    setMulticastTTL: ['valueOf', 1],
    setMulticastInterface: ['toString', '127.0.0.1'],
    addMembership: ['toString', '224.0.0.5'],
    dropMembership: ['toString', '224.0.0.5'],
  };
  for (const [method, [conversion, value]] of Object.entries(calls)) {
    const { socket } = await open(t);
    const closing = {
      [conversion]() {
        socket.close();
        return value;
      },
    };
    const error = t.throws(() => socket[method](closing), { message: 'Socket is closed' }, method);
    t.is(error.code, undefined);
    t.throws(() => socket[method](closing), { code: 'EBADF' }, method);
  }
});

test('more addresses than are remembered', async (t) => {
  const { socket, inbox } = await open(t, {}, { hostname: '0.0.0.0' });
  const packets = [];
  // 127.0.0.0/8 is all loopback.
  for (let i = 0; i < 3000; i++) packets.push([`${i}`, socket.port, `127.1.${i >> 8}.${i & 255}`]);
  for (let i = 0; i < 3000; i += 100) {
    t.is(socket.sendMany(packets.slice(i, i + 100).flat()), 100);
    await inbox.got(i + 100);
  }
  t.true(inbox.texts.every((text, i) => text === `${i}`));
});

test('wrong this', async (t) => {
  const { socket } = await open(t);
  const prototype = Object.getPrototypeOf(socket);
  for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    for (const wrong of [{}, null, undefined, 5, prototype, Object.create(socket)]) {
      if (get) t.throws(() => get.call(wrong), { instanceOf: TypeError, message: new RegExp(`UDPSocket.${name}`) });
      else t.throws(() => value.call(wrong), { instanceOf: TypeError });
    }
  }
});

test('the example resolves names', async (t) => {
  const { out, code, err } = await outcome(`await import('./examples/dns-over-udp.mjs');`);
  t.is(code, 0, err);
  t.is(out, 'router.example 192.0.2.1\nprinter.example 192.0.2.7\nnobody.example error 3\n');
});

test('the polyfill and the specifier "bun" have it', async (t) => {
  const text = `
    import { udpSocket } from 'bun';
    const socket = await Bun.udpSocket({ hostname: '127.0.0.1', socket: { data(s, d) { console.log(String(d)); s.close(); } } });
    console.log(udpSocket === Bun.udpSocket);
    socket.send('x', socket.port, '127.0.0.1');
  `;
  const { out, err } = await outcome(text, { args: ['--import', './register.mjs'] });
  t.is(out, 'true\nx\n', err);
});
