// What the TLS half of the surface answers on a plain socket, open and closed.
export default async function ({ pair, main }) {
  const { listener, near } = await pair();
  const ask = (label) => {
    for (const name of [
      'getAuthorizationError',
      'getCertificate',
      'getCipher',
      'getEphemeralKeyInfo',
      'getPeerCertificate',
      'getServername',
      'getSession',
      'getSharedSigalgs',
      'getTLSFinishedMessage',
      'getTLSPeerFinishedMessage',
      'getTLSTicket',
      'getTLSVersion',
      'isSessionReused',
      'disableRenegotiation',
    ]) {
      main.attempt(`${label} ${name}`, () => near[name]());
    }
    main.attempt(`${label} exportKeyingMaterial`, () => near.exportKeyingMaterial(16, 'label'));
    main.attempt(`${label} getX509Certificate`, () => typeof near.getX509Certificate);
    main.attempt(`${label} authorized`, () => near.authorized);
  };
  ask('open');
  near.close();
  ask('closed');
  listener.stop(true);
}
