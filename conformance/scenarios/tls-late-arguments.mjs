// Arguments of a TLS socket's methods, while it is open and after it was closed.
import { ca, identity } from '../lib/certificates.mjs';

const CALLS = [
  ['setServername'],
  ['setServername', 5],
  ['setServername', 'x'],
  ['setMaxSendFragment'],
  ['setMaxSendFragment', 'x'],
  ['setMaxSendFragment', 511],
  ['setMaxSendFragment', 511.9],
  ['setMaxSendFragment', 1024.5],
  ['setMaxSendFragment', 16_384.9],
  ['setMaxSendFragment', 16_385],
  ['setMaxSendFragment', Number.NaN],
  ['setMaxSendFragment', Number.POSITIVE_INFINITY],
  ['setSession'],
  ['setSession', 5],
  ['setVerifyMode'],
  ['setVerifyMode', 1, 2],
  ['getPeerCertificate', 1],
  ['exportKeyingMaterial'],
  ['exportKeyingMaterial', 5, 6],
  ['exportKeyingMaterial', -1, 'label'],
  ['exportKeyingMaterial', 16_321, 'label'],
  ['exportKeyingMaterial', 2 ** 32 + 1, 'label'],
  ['exportKeyingMaterial', 1e18, 'label'],
  ['exportKeyingMaterial', 1e19, 'label'],
  ['setKeyCert'],
  ['setKeyCert', 5],
  ['setKeepAlive', true, -1],
  ['setKeepAlive', true, 'x'],
  ['setKeepAlive', true, 1.5],
  ['setKeepAlive', true, 2 ** 31],
  ['setTypeOfService', 256],
  ['setTypeOfService', 'x'],
  ['reload'],
];
const LATE_ONLY = [
  ['setTypeOfService', 8],
  ['getTypeOfService'],
  ['getTLSVersion'],
  ['getEphemeralKeyInfo'],
  ['getSharedSigalgs'],
  ['getCipher'],
  ['isSessionReused'],
  ['resumeSNI'],
  ['timeout'],
  ['timeout', -1],
];

export default async function ({ listen, connect, actor }) {
  const [server, client] = [actor('server'), actor('client')];
  const quiet = { silent: ['handshake'] };
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
    socket: server.handlers({ handshake() {} }, quiet),
  });
  const near = await connect({
    ...{ hostname: 'localhost', port: listener.port, tls: { ca } },
    socket: client.handlers({ handshake() {} }, quiet),
  });
  await Promise.all([server.seen('handshake'), client.seen('handshake')]);
  const ask = (who, socket, calls) => {
    for (const [name, ...args] of calls) who.attempt(`${name}(${args})`, () => socket[name](...args));
  };
  ask(client, near, CALLS);
  ask(server, server.socket, CALLS);
  near.close();
  await server.seen('close');
  ask(client, near, [...CALLS, ...LATE_ONLY]);
  ask(server, server.socket, [...CALLS, ...LATE_ONLY]);
  listener.stop(true);
}
