// A server that has read the ClientHello before it upgrades hands it on.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const kinds = {
    Buffer: (bytes) => bytes,
    Uint8Array: (bytes) => new Uint8Array(bytes),
    ArrayBuffer: (bytes) => new Uint8Array(bytes).buffer,
    'overwritten at once': (bytes) => bytes,
  };
  for (const [kind, form] of Object.entries(kinds)) {
    const [plain, server] = [actor(`plain server, ${kind}`), actor(`server, ${kind}`)];
    const client = actor(`client, ${kind}`);
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0 },
      socket: plain.handlers(
        {
          data(socket, bytes) {
            const upgraded = socket.upgradeTLS({
              initialData: form(bytes),
              get tls() {
                if (kind === 'overwritten at once') bytes.fill(0);
                return identity('server-ec');
              },
              socket: server.handlers(
                {
                  handshake() {},
                  data(secure, text) {
                    secure.end(`and back: ${text}`);
                  },
                },
                { silent: ['handshake', 'drain'] },
              ),
            });
            // How often it is called again with records depends on how they come.
            if (upgraded !== undefined) main.say(kind, upgraded.length);
          },
        },
        { silent: ['data'] },
      ),
    });
    await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca, serverName: 'localhost' } },
      socket: client.handlers(
        {
          handshake(secure) {
            secure.write('through TLS');
          },
        },
        { silent: ['drain'] },
      ),
    });
    await Promise.all([client.seen('close'), server.seen('close')]);
    listener.stop(true);
  }
}
