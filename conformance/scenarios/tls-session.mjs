// Sessions that are resumed, repeatedly, under both versions.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const maxVersion of [0x0303, 0x0304]) {
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: { ...identity('server-ec'), maxVersion } },
      socket: { data: (socket, data) => void socket.write(data) },
    });
    let saved;
    for (const visit of [1, 2, 3, 4]) {
      const client = actor(`client, ${maxVersion}, visit ${visit}`);
      const near = await connect({
        ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
        socket: client.handlers({
          open: (socket) => void (saved && socket.setSession(saved)),
          handshake: (socket) => void socket.write('x'),
        }),
      });
      await client.seen('data');
      main.say(
        maxVersion,
        visit,
        'reused',
        near.isSessionReused(),
        near.authorized,
        near.getPeerCertificate().subject.CN,
      );
      saved ??= near.getSession();
      near.close();
    }
    listener.stop(true);
  }
}
