// Application protocols in the wire format.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const [label, theirs, ours] of [
    ['one in common', '\x02h2\x08http/1.1', '\x08http/1.1'],
    ['the order of the server', Buffer.from('\x01x\x01y'), new Uint8Array([1, 0x79, 1, 0x78])],
    ['server only', '\x02h2', undefined],
    ['client only', undefined, '\x02h2'],
    ['no wire format', 'h2', 'h2'],
    ['empty', '', '\x02h2'],
  ]) {
    const [server, client] = [actor(`server, ${label}`), actor(`client, ${label}`)];
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: { ...identity('server-ec'), ALPNProtocols: theirs } },
      socket: server.handlers({ handshake() {} }, { silent: ['handshake'] }),
    });
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca, ALPNProtocols: ours } },
      socket: client.handlers({ handshake() {} }, { silent: ['handshake'] }),
    });
    main.say(label, 'before', near.alpnProtocol);
    await Promise.all([server.seen('handshake'), client.seen('handshake')]);
    main.say(label, 'after', near.alpnProtocol, server.socket.alpnProtocol);
    near.close();
    main.say(label, 'closed', near.alpnProtocol);
    await server.seen('close');
    listener.stop(true);
  }
}
