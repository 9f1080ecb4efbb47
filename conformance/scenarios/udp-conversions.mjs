// In which order arguments and options are read and converted, and what the program's own code can do meanwhile.
export default async function ({ udpSocket, main, actor, standIn }) {
  const receiver = actor('receiver');
  const far = await udpSocket({ hostname: '127.0.0.1', socket: receiver.receiving() });
  const { port } = far;
  standIn(port, 'far');
  const near = await udpSocket({ hostname: '127.0.0.1' });
  const order = [];
  const noted = (name, value) => ({
    valueOf: () => order.push(name) && value,
    toString: () => order.push(name) && value,
  });
  const told = () => order.splice(0).join(', ');

  const packet = Object.defineProperties([], {
    0: {
      get: () =>
        order.push('get data') && Object.assign(new String('x'), { toString: () => order.push('data') && 'text' }),
    },
    1: { get: () => order.push('get port') && noted('port', port) },
    2: { get: () => order.push('get address') && noted('address', '127.0.0.1') },
  });
  main.attempt('sendMany', () => near.sendMany(packet));
  main.say(told());
  await receiver.seen('data');
  const changing = [0, 1].flatMap(() => ['kept', { valueOf: () => (changing[2] = 'nowhere') && port }, '127.0.0.1']);
  main.attempt('an address that its port changes', () => near.sendMany(changing.slice(0, 3)));
  const shrinking = ['a', { valueOf: () => (shrinking.length = 1) && port }, '127.0.0.1', 'b', port, '127.0.0.1'];
  main.attempt('an array that its port shortens', () => near.sendMany(shrinking));
  await receiver.seen('data', 2);

  const sizes = [
    [8, 16],
    [16, 8],
    [0, 8],
    [8, 0],
    [8, 3],
  ];
  for (const [before, after] of sizes) {
    for (const View of [ArrayBuffer, Uint8Array, Uint16Array, DataView]) {
      const memory = new ArrayBuffer(before, { maxByteLength: 16 });
      const data = View === ArrayBuffer ? memory : new View(memory);
      const resizing = { valueOf: () => memory.resize(after) ?? port };
      main.attempt(`${View.name} of ${before} bytes, then ${after}`, () =>
        near.sendMany([data, resizing, '127.0.0.1']),
      );
    }
  }
  await receiver.seen('data', 2 + 4 * sizes.length);

  const peer = {
    get hostname() {
      order.push('get hostname');
      return Object.assign(new String('x'), { toString: () => order.push('hostname') && '127.0.0.1' });
    },
    get port() {
      order.push('get port');
      return noted('port', port);
    },
  };
  const connected = await main.settle('connect', () => udpSocket({ connect: peer }));
  main.say(told());
  connected?.close();
  const throwing = Object.assign(new String('x'), {
    toString() {
      throw new Error('hostname');
    },
  });
  await main.settle('port before hostname', () => udpSocket({ connect: { hostname: throwing, port: 0 } }));

  for (const hostname of ['127.0.0.1', '0.0.0.0', '::', '::1']) {
    const socket = await udpSocket({ hostname, connect: { hostname: '*', port: 9 } });
    main.say(`connected from ${hostname} to *`, socket.remoteAddress);
    socket.close();
  }
  const label = 'a'.repeat(63);
  const names = [
    'a:1',
    '%',
    '.',
    'x..',
    '.x',
    'a b',
    'a@b',
    `a${label}`,
    `${label}.${label}.${label}.${label}`,
    '[::1]',
  ];
  for (const name of names) {
    await main.settle(`to ${name}`, () => udpSocket({ connect: { hostname: name, port: 9 } }));
  }

  for (const value of [1n, 256n, 2n ** 32n + 7n, 2n ** 64n + 7n, -1n, 2n ** 53n + 1n]) {
    main.attempt(`setTTL(${value}n)`, () => near.setTTL(value));
    main.attempt(`setMulticastTTL(${value}n)`, () => near.setMulticastTTL(value));
  }
  for (const address of ['224.0.0.1', '239.1.1.1', '127.0.0.1', '0.0.0.0']) {
    main.attempt(`setMulticastInterface(${address})`, () => near.setMulticastInterface(address));
  }
  const bound = near.port;
  near.address.port = 1;
  main.say('the port is kept', near.port === bound, near.address.port);
  near.close();
  far.close();
}
