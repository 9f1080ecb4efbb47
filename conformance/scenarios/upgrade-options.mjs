// What `upgradeTLS` makes of `tls` objects that say nothing, and of a second call.
export default async function ({ serve, dial, main, actor }) {
  const listener = serve('server', {
    socket: actor('server').handlers({}, { silent: ['data', 'end', 'close', 'open'] }),
  });
  const socket = { data() {} };
  for (const tls of [
    ...[{}, { ca: [] }, { key: null, cert: undefined }, { requestCert: false }, { secureOptions: 0, minVersion: 0 }],
    ...[{ rejectUnauthorized: null }, { lowMemoryMode: false }, { honorCipherOrder: true }, { ALPNProtocols: null }],
    ...[
      { rejectUnauthorized: true },
      { serverName: '' },
      { passphrase: '' },
      { requestCert: true },
      { maxVersion: 772 },
    ],
    ...[{ clientRenegotiationLimit: 3 }, { ALPNProtocols: '' }, { secureOptions: 4 }, { ca: [5] }, []],
  ]) {
    const near = await dial('client', listener, {
      socket: actor('client').handlers({}, { silent: ['data', 'end', 'close', 'open'] }),
    });
    main.attempt(JSON.stringify(tls), () => near.upgradeTLS({ tls, socket })?.length);
    near.terminate();
  }
  const near = await dial('client', listener, {
    socket: actor('client').handlers({}, { silent: ['data', 'end', 'close', 'open'] }),
  });
  const [raw] = near.upgradeTLS({ tls: true, socket });
  main.attempt('the raw half again', () => raw.upgradeTLS({ tls: true, socket }));
  main.attempt('the raw half, no argument', () => raw.upgradeTLS());
  main.attempt('the plain socket again', () => near.upgradeTLS({ tls: true, socket }));
  raw.close();
  main.attempt('the raw half, closed', () => raw.upgradeTLS({ tls: true, socket }));
  listener.stop(true);
}
