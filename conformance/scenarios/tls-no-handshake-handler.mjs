// Without a handshake handler: open comes after the handshake, also after a failed one.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const [label, certificate, rejectUnauthorized] of [
    ['good', 'server-ec', true],
    ['refused', 'self-signed', true],
    ['lenient', 'self-signed', false],
  ]) {
    const [server, client] = [actor(`server, ${label}`), actor(`client, ${label}`)];
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: identity(certificate) },
      socket: server.handlers(),
    });
    const open = (socket) => void client.say('  authorized', socket.authorized, 'write', socket.write('x'));
    const near = await connect({
      ...{ hostname: 'localhost', port: listener.port, tls: { ca, rejectUnauthorized } },
      socket: client.handlers({ open }, { also: ['drain'] }),
    });
    main.say(label, 'early write', near.write('too early'), 'readyState', near.readyState);
    if (label === 'refused') {
      await Promise.all([server.seen('close'), client.seen('close')]);
    } else {
      await Promise.all([server.seen('data'), client.seen('drain')]);
      near.end();
      await Promise.all([server.seen('close'), client.seen('close')]);
    }
    main.say(label, 'authorized', near.authorized, near.getAuthorizationError());
    listener.stop(true);
  }
}
