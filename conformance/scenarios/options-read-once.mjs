// In which order options and handlers are read and converted, and which of two mistakes is told.
const read = (target, name, log) =>
  new Proxy(target, {
    get(_, key) {
      log.push(`${name}${String(key)}`);
      return target[key];
    },
  });
const thrower = (text) => ({
  toString() {
    throw new Error(text);
  },
});

export default async function ({ listen, connect, main, path }) {
  const socket = { data() {} };
  const OPTIONS = [
    { hostname: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port: 0, exclusive: false, localAddress: undefined },
    { unix: path('a.sock') },
    {},
    { hostname: '127.0.0.1' },
  ];
  for (const options of OPTIONS) {
    const log = [];
    const given = read({ ...options, socket: read(socket, 'socket.', log) }, '', log);
    main.attempt(`listen ${Object.keys(options)}`, () => listen(given).stop());
    // Bun asks for `tls` and `fd` once more. Differs from Bun (13): `signal` is an addition of ours.
    const once = new Set(log);
    once.delete('signal');
    main.say([...once].join(' '));
  }
  const good = { hostname: '127.0.0.1', port: 0, socket };
  const CASES = {
    'name and port': { hostname: thrower('hostname'), port: 'x' },
    'name and tls': { hostname: thrower('hostname'), tls: 5 },
    'half-open and name': { allowHalfOpen: 5, hostname: thrower('hostname') },
    'name and unix': { hostname: thrower('hostname'), unix: 5 },
    'port and unix': { port: 'x', unix: 5 },
    'NUL beside unix': { hostname: 'a\0b', unix: path('b.sock') },
    'NUL without port': { hostname: 'a\0b', port: undefined },
    'a large port': { port: 2 ** 53 },
    'a large fd': { fd: 2n ** 40n },
    'no address': { localAddress: thrower('address') },
  };
  for (const [name, options] of Object.entries(CASES)) {
    main.attempt(`listen: ${name}`, () => listen({ ...good, ...options }).stop());
    await main.settle(`connect: ${name}`, () => connect({ ...good, ...options }).catch((error) => error.code));
  }
  await main.settle('a lone surrogate', () => connect({ ...good, hostname: 'a\ud800' }));
  const listener = listen(good);
  const frozen = Object.freeze({ port: 1 });
  main.attempt('getsockname of what is frozen', () => listener.getsockname(frozen));
  main.attempt('getsockname of a setter that throws', () =>
    listener.getsockname({
      set family(_) {
        throw new Error('family');
      },
    }),
  );
  listener.stop();
}
