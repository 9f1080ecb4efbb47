// Wrong TLS options, and the errors they give at once.
import { identity, pem } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main }) {
  const { key, cert } = identity('server-ec');
  const wrong = {
    'a number': 5,
    swapped: { key: cert, cert: key },
    'empty key': { key: '', cert },
    'cut certificate': { key, cert: cert.slice(0, 300) },
    'key of another': { key: pem('client-key'), cert },
    'key of another kind': { key: pem('server-rsa-key'), cert },
    'empty ca': { ca: '' },
    'ca is no PEM': { ca: 'nonsense' },
    'crl is no PEM': { crl: 'nonsense' },
    'key is a number': { key: 5 },
    'key is a Blob': { key: new Blob(['x']), cert },
    'null in an array': { ca: [null] },
    'passphrase is a number': { passphrase: 5 },
    'requestCert is null': { requestCert: null },
    'rejectUnauthorized is a string': { rejectUnauthorized: 'yes' },
    'secureOptions is negative': { secureOptions: -1 },
    'minVersion is a string': { minVersion: 'TLSv1.2' },
    'keyFile is not there': { keyFile: '/nowhere' },
    'protocols are a number': { ALPNProtocols: 5 },
    'serverName is a number': { serverName: 5 },
    'serverName with a null byte': { serverName: 'localhost\0.elsewhere.example' },
    'alias with a null byte': { servername: '\0' },
    'null byte and a wrong ca': { serverName: '\0', ca: 'nonsense' },
  };
  for (const [label, tls] of Object.entries(wrong)) {
    main.attempt(`listen, ${label}`, () => listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data() {} } }));
    main.attempt(`connect, ${label}`, () => connect({ hostname: '127.0.0.1', port: 1, tls, socket: { data() {} } }));
  }
}
