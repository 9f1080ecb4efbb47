// What there is to know about a connection, under both versions, and after it.
import { ca, identity } from '../lib/certificates.mjs';

const short = (value) => (Buffer.isBuffer(value) ? 'a Buffer' : value);

export default async function ({ listen, connect, actor }) {
  for (const maxVersion of [0x0303, 0x0304]) {
    const [server, client] = [actor(`server, ${maxVersion}`), actor(`client, ${maxVersion}`)];
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: { ...identity('server-rsa'), maxVersion } },
      socket: server.handlers({ handshake() {} }, { silent: ['handshake'] }),
    });
    const near = await connect({
      ...{ hostname: 'localhost', port: listener.port, tls: { ca } },
      socket: client.handlers({ handshake() {} }, { silent: ['handshake'] }),
    });
    await Promise.all([server.seen('handshake'), client.seen('handshake')]);
    const ask = (who, socket) => {
      who.say('version', socket.getTLSVersion(), 'cipher', socket.getCipher());
      who.say('key', socket.getEphemeralKeyInfo(), 'algorithms', socket.getSharedSigalgs());
      who.say('own', socket.getCertificate()?.subject.CN, 'peer', socket.getPeerCertificate()?.subject.CN);
      who.say('session', short(socket.getSession()), 'reused', socket.isSessionReused());
      who.say('name', socket.getServername(), 'protocol', socket.alpnProtocol);
      who.say('finished', socket.getTLSFinishedMessage()?.length, socket.getTLSPeerFinishedMessage()?.length);
      who.attempt('keying material', () => socket.exportKeyingMaterial(16, 'label')?.length);
      who.attempt('renegotiate', () => socket.renegotiate());
    };
    ask(client, near);
    ask(server, server.socket);
    near.close();
    await server.seen('close');
    ask(client, near);
    ask(server, server.socket);
    listener.stop(true);
  }
}
