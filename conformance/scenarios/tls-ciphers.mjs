// The ciphers option.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const ciphers of [
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'AES128-GCM-SHA256',
    'TLS_AES_256_GCM_SHA384',
    'nonsense',
  ]) {
    const tls = { ...identity('server-rsa'), ciphers, maxVersion: 0x0303 };
    const listener = main.attempt(ciphers, () => {
      const listening = listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data() {} } });
      return Object.assign(() => {}, { listening });
    })?.listening;
    if (!listener) continue;
    const client = actor(`client, ${ciphers}`);
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
      socket: client.handlers({ handshake() {} }),
    });
    await client.seen('handshake');
    client.say(near.getCipher(), near.getEphemeralKeyInfo());
    near.close();
    listener.stop(true);
  }
}
