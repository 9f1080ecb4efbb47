// A server that asks for a certificate: what both sides see.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, actor }) {
  for (const rejectUnauthorized of [true, false]) {
    for (const who of ['client', 'self-signed', undefined]) {
      const label = `${who} (rejectUnauthorized ${rejectUnauthorized})`;
      const [server, client] = [actor(`server of ${label}`), actor(`client ${label}`)];
      const refused = rejectUnauthorized && who !== 'client';
      const handshake = (socket) => {
        server.say('  authorized', socket.authorized, 'certificate', socket.getPeerCertificate()?.subject.CN);
        server.say('  write', socket.write(refused ? 'never arrives' : 'welcome'));
      };
      const listener = listen({
        ...{ hostname: '127.0.0.1', port: 0 },
        tls: { ...identity('server-ec'), ca, requestCert: true, rejectUnauthorized },
        socket: server.handlers({ handshake }),
      });
      const near = await connect({
        ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca, ...(who && identity(who)) } },
        socket: client.handlers({ handshake: (socket) => void socket.write('from the client') }),
      });
      if (refused) await Promise.all([server.seen('close'), client.seen('close')]);
      else await Promise.all([server.seen('data'), client.seen('data')]);
      near.close();
      await server.seen('close');
      listener.stop(true);
    }
  }
}
