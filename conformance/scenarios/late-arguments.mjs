// Wrong arguments of methods that come too late.
export default async function ({ listen, connect, main, actor }) {
  const client = actor('client');
  const server = actor('server');
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: server.handlers() });
  const near = await connect({ hostname: '127.0.0.1', port: listener.port, socket: client.handlers() });
  await server.seen('open');
  near.close();
  await server.seen('close');
  for (const [name, ...args] of [
    ['reload'],
    ['reload', null],
    ['reload', {}],
    ['setTypeOfService'],
    ['setTypeOfService', 'x'],
    ['setTypeOfService', 1000],
    ['setTypeOfService', 8],
    ['setKeepAlive', true, -1],
    ['setKeepAlive', true, 'x'],
    ['setKeepAlive', true, 1.5],
    ['setKeepAlive', true, 2 ** 31],
    ['setMaxSendFragment', 'x'],
    ['getPeerCertificate', 1],
    ['setServername'],
    ['getTypeOfService'],
    ['getTLSVersion'],
    ['getEphemeralKeyInfo'],
    ['getSharedSigalgs'],
    ['resumeSNI'],
    ['setKeyCert'],
    ['upgradeTLS'],
    ['upgradeTLS', null],
  ]) {
    main.attempt(`${name} ${JSON.stringify(args)}`, () => near[name](...args));
  }
  listener.stop(true);
  main.attempt('getsockname', () => listener.getsockname());
  main.attempt('getsockname, a number', () => listener.getsockname(1));
}
