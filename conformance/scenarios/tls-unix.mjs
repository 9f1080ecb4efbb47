// On a unix socket, the certificate must be for localhost unless `serverName` says otherwise; nothing is announced.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, path, actor }) {
  for (const certificate of ['server-ec', 'elsewhere']) {
    for (const [label, tls] of [
      ['by default', { ca }],
      ['lenient', { ca, rejectUnauthorized: false }],
      ['named', { ca, serverName: 'elsewhere.example' }],
      ['upgraded', { ca }],
    ]) {
      const way = `${certificate}, ${label}`;
      const [server, client] = [actor(`server, ${way}`), actor(`client, ${way}`)];
      const unix = path('s');
      const listener = listen({
        ...{ unix, tls: identity(certificate) },
        socket: server.handlers({ handshake() {} }, { silent: ['handshake', 'drain'] }),
      });
      const handshake = (secure) => {
        main.say(way, 'authorized', secure.authorized, secure.getAuthorizationError()?.code, secure.getServername());
      };
      const socket = client.handlers({ handshake }, { silent: ['drain'] });
      if (label === 'upgraded') {
        const plain = await connect({ unix, socket: { data() {} } });
        plain.upgradeTLS({ tls, socket });
      } else {
        await connect({ unix, tls, socket });
      }
      await client.seen('handshake');
      client.socket.end();
      await client.seen('close');
      listener.stop(true);
    }
  }
}
