// Writing to the raw half of an upgraded socket.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const server = actor('server');
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
    socket: server.handlers({ handshake() {} }, { silent: ['handshake'] }),
  });
  const plain = await connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } });
  const client = actor('client');
  const [raw, secure] = plain.upgradeTLS({
    tls: { ca, serverName: 'localhost' },
    socket: client.handlers({ handshake() {} }),
  });
  await Promise.all([server.seen('handshake'), client.seen('handshake')]);
  main.say('write', raw.write('between the records'));
  secure.write('through TLS');
  await server.seen(() => server.count('data') + server.count('close') > 0);
  secure.close();
  await server.seen('close');
  listener.stop(true);
}
