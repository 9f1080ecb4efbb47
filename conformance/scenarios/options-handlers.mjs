// Each handler: what is absent, what is wrong, and where it may come from.
const NAMES = ['open', 'close', 'error', 'data', 'drain', 'handshake', 'end', 'connectError', 'timeout'];

export default async function ({ listen, main, pair, serve, dial, actor }) {
  const attempt = (label, socket) =>
    main.attempt(label, () => listen({ hostname: '127.0.0.1', port: 0, socket }).stop());
  for (const name of NAMES) {
    for (const value of [undefined, null]) attempt(`${name} ${value}`, { drain() {}, data() {}, [name]: value });
    for (const value of [false, 0, {}, 'text']) {
      attempt(`${name} ${JSON.stringify(value)}`, { drain() {}, data() {}, [name]: value });
    }
  }
  attempt('only drain', { drain() {} });
  attempt('unknown keys', { data() {}, message: 5 });
  attempt('throwing getter', {
    data() {},
    get open() {
      throw new RangeError('from the getter');
    },
  });

  class Handlers {
    data(socket, data) {
      main.say('a method of a class', data, this === socket);
      socket.end();
    }
  }
  const listener = serve('unused', { socket: new Handlers() });
  const near = await dial('client', listener);
  near.write('x');
  await actor('client').seen('close');
  listener.stop(true);

  const late = { open() {}, data: (_, data) => main.say('first', data) };
  const other = serve('unused', { socket: late });
  late.data = () => main.say('changed afterwards');
  late.close = () => main.say('added afterwards');
  const client = await dial('second', other);
  client.end('y');
  await actor('second').seen('close');
  await pair().then(({ listener: third, near: last }) => {
    last.close();
    third.stop(true);
  });
  other.stop(true);
}
