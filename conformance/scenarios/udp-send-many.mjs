// sendMany: what it sends, returns and refuses.
export default async function ({ udpSocket, main, actor, standIn, turns }) {
  const receiver = actor('receiver');
  const far = await udpSocket({
    hostname: '127.0.0.1',
    socket: {
      data(_, data) {
        receiver.say('data', String(data).slice(0, 20), data.length);
        receiver.happened('data');
      },
    },
  });
  const { port } = far;
  standIn(port, 'far');
  const to = '127.0.0.1';
  const sender = actor('sender');
  const near = await udpSocket({
    hostname: '127.0.0.1',
    socket: {
      drain(...args) {
        sender.say('drain', args.length, args[0] === near, this === near);
        sender.happened('drain');
      },
    },
  });
  const many = (label, ...args) => main.attempt(label, () => near.sendMany(...args));
  many('kinds', ['string', port, to, Buffer.from('b'), port, to, new ArrayBuffer(3), port, to, '', port, to]);
  await receiver.seen('data', 4);
  many('sizes', ['a'.repeat(65507), port, to, 'b'.repeat(1023), `${port}`, '127.1', '\u20ac'.repeat(1001), port, to]);
  await receiver.seen('data', 7);
  many('empty', []);
  many('none');
  for (const value of [undefined, null, 'abc', { length: 0 }, new Uint8Array(3)]) many(JSON.stringify(value), value);
  for (const length of [1, 2, 4, 5]) many(`${length} elements`, ['a', port, to, 'b', port, to].slice(0, length));
  many('wrong data', ['a', port, to, 5, port, to]);
  many('wrong port', ['a', port, to, 'b', 0, to]);
  many('wrong address', ['a', port, to, 'b', port, 'nowhere']);
  many('all wrong', [5, -1, 'nowhere']);
  // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
  many('a hole', [, port, to]);
  many('too long', ['x'.repeat(70000), port, to]);
  many('the other family first', ['a', port, '::1', 'b', port, to]);
  await turns();
  main.say('nothing has been sent', receiver.count('data'));
  many('too long in the middle', ['first', port, to, Buffer.alloc(70000), port, to, 'last', port, to]);
  await receiver.seen('data', 8);
  await sender.seen('drain');
  const connected = await udpSocket({ connect: { hostname: to, port } });
  main.attempt('connected', () => connected.sendMany(['one', Buffer.from('two'), 'three']));
  await receiver.seen('data', 11);
  main.attempt('connected, none', () => connected.sendMany());
  main.attempt('connected, wrong', () => connected.sendMany([5]));
  main.attempt('connected, more arguments', () => connected.sendMany([], 5, 6));
  for (const socket of [near, far, connected]) socket.close();
  many('closed');
}
