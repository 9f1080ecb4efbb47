// What a `ca` must be to be one, what `allowPartialTrustChain` changes, keys that may not sign, and `ecdhCurve`.
import { file, identity, pem } from '../lib/certificates.mjs';

const { key } = identity('server-ec');
const below = (...names) => ({ key, cert: names.map(pem).join('') });

export default async function ({ listen, connect, main }) {
  async function shake(label, server, client, peer) {
    const said = [];
    let listener;
    try {
      listener = listen({
        ...{ hostname: '127.0.0.1', port: 0, tls: server },
        socket: {
          data() {},
          // Of an ordinary client nothing is said: whether a server without `requestCert` has an error is difference 5.
          handshake(_, success, error) {
            if (server.requestCert) said.push(['server', success, error?.code ?? null]);
          },
        },
      });
      await new Promise((resolve, reject) => {
        const socket = {
          data() {},
          handshake(socket, success, error) {
            said.push([success, socket.authorized, error?.code ?? null, error?.message ?? null]);
            if (peer) said.push(peer(socket));
            setTimeout(() => socket.end(), server.requestCert ? 50 : 0);
          },
          close: resolve,
          connectError: (_, error) => reject(error),
        };
        connect({ hostname: '127.0.0.1', port: listener.port, tls: client, socket }).catch(reject);
      });
    } catch (error) {
      said.push(error);
    }
    listener?.stop(true);
    main.say(label, said);
  }

  for (const what of ['no-signing', 'no-authority', 'short', 'critical', 'expired']) {
    await shake(what, below(`below-${what}`), { ca: pem(`root-${what}`) });
    await shake(`${what}, taken`, below(`below-${what}`), { ca: pem(`root-${what}`), rejectUnauthorized: false });
  }
  const chain = below('below-between', 'between');
  await shake('too long a chain', chain, { ca: pem('root-short') });
  await shake('no authority between', below('below-not-between', 'not-between'), { ca: pem('authority') });
  for (const allowPartialTrustChain of [false, true]) {
    const label = `partial ${allowPartialTrustChain}`;
    await shake(`${label}: the authority between`, chain, { ca: pem('between'), allowPartialTrustChain });
    await shake(`${label}: alone`, below('below-between'), { ca: pem('between'), allowPartialTrustChain });
    await shake(`${label}: the leaf`, chain, { ca: pem('below-between'), allowPartialTrustChain });
    await shake(`${label}: another`, chain, { ca: pem('stranger'), allowPartialTrustChain });
    await shake(`${label}: another, alone`, below('below-between'), { ca: pem('stranger'), allowPartialTrustChain });
  }
  await shake('a renewed certificate', identity('renewed'), { ca: pem('self-signed') });
  await shake('itself', identity('self-signed'), { ca: pem('self-signed') });
  await shake('a key that may not sign', below('below-encipherment'), { ca: pem('authority') });

  const server = identity('server-ec');
  const ca = pem('authority');
  const group = (socket) => socket.getEphemeralKeyInfo();
  const curves = ['P-256', 'prime256v1', 'secp256r1', 'P-384', 'X25519', 'x25519', 'X25519MLKEM768', 'auto'];
  for (const ecdhCurve of [
    ...curves,
    '',
    'P-256:',
    'P-256:P-256',
    'P-256,P-384',
    'nonsense',
    'P-256\0:x',
    5,
    null,
    [],
  ]) {
    await shake(`server's curve ${JSON.stringify(ecdhCurve)}`, { ...server, ecdhCurve }, { ca }, group);
    await shake(`client's curve ${JSON.stringify(ecdhCurve)}`, server, { ca, ecdhCurve }, group);
  }
  await shake('no curve in common', { ...server, ecdhCurve: 'P-256' }, { ca, ecdhCurve: 'P-384' });
  for (const version of [0x0303, 0x0304]) {
    await shake(`${version}`, { ...server, ecdhCurve: 'P-384', maxVersion: version }, { ca }, group);
  }
  const odd = {
    allowPartialTrustChain: [null, 5],
    sessionTimeout: [0, 5n, 1.5, '5', 2 ** 31],
    sigalgs: [5],
    secureContext: [5, {}, ''],
  };
  for (const [name, values] of Object.entries(odd)) {
    for (const value of values) await shake(`${name} ${String(value)}`, { ...server, [name]: value }, { ca });
  }
  await shake('another caFile', server, { ca, caFile: file('stranger') });
  await shake('caFile for another', server, { ca: pem('stranger'), caFile: file('authority') });
  await shake('caFile for junk', server, { ca: 'junk', caFile: file('authority') });
  const elsewhere = { keyFile: file('elsewhere-key'), certFile: file('elsewhere') };
  await shake('files for a certificate', { ...server, ...elsewhere }, { ca });
  await shake('files for junk', { key: 'junk', cert: 'junk', ...elsewhere }, { ca });
  for (const name of ['keyFile', 'certFile', 'caFile', 'dhParamsFile']) {
    await shake(`${name} with NUL`, { ...server, [name]: 'a\0b' }, { ca });
  }
}
