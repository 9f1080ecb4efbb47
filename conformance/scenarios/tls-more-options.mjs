// Options that Bun refuses and we take.
import { identity } from '../lib/certificates.mjs';

export default async function ({ listen, main }) {
  const { key, cert } = identity('server-ec');
  for (const [label, tls] of [
    [
      'several entries',
      [
        { key, cert },
        { key, cert, serverName: 'elsewhere.example' },
      ],
    ],
    ['names of protocols', { key, cert, ALPNProtocols: ['h2'] }],
    ['a key with its passphrase', { key: { pem: key, passphrase: 'unnecessary' }, cert }],
  ]) {
    main.attempt(label, () => {
      listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data() {} } }).stop(true);
      return 'listens';
    });
  }
}
