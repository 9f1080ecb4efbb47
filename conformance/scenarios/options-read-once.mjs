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
  // The same of TLS options: all types and ranges first, then what is in them, and both before the options that follow `tls`.
  const log = [];
  main.attempt('listen with tls', () => listen({ ...good, tls: read({ passphrase: 'x' }, '', log) }).stop());
  main.say([...new Set(log)].join(' '));
  const WRONG = {
    key: 5,
    cert: 'no PEM',
    ca: 'no PEM',
    ciphers: 5,
    crl: 5,
    keyFile: 'nowhere',
    serverName: 'a\0b',
    sigalgs: 5,
    ecdhCurve: '',
  };
  const names = Object.keys(WRONG);
  for (const [i, one] of names.entries()) {
    for (const other of names.slice(i + 1)) {
      const tls = { [one]: WRONG[one], [other]: WRONG[other] };
      main.attempt(`tls: ${one} and ${other}`, () => listen({ ...good, tls }).stop());
    }
  }
  for (const options of [
    { socket: {} },
    { hostname: '' },
    { port: 'x' },
    { exclusive: 5 },
    { unix: 5 },
    { fd: 'x' },
    { allowHalfOpen: 5 },
  ]) {
    for (const tls of [{ key: 5 }, { cert: 'no PEM' }]) {
      main.attempt(JSON.stringify([options, tls]), () => listen({ ...good, ...options, tls }).stop());
    }
  }

  const listener = listen(good);
  const near = await connect({ ...good, port: listener.port });
  const asked = [];
  const tls = read({ passphrase: 'x' }, 'tls.', asked);
  main.attempt(
    'upgrade',
    () => near.upgradeTLS(read({ tls, socket: read(socket, 'socket.', asked), data: 5 }, '', asked)).length,
  );
  main.say([...new Set(asked)].join(' '));
  near.terminate();
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
