// The handlers `keylog` and `session`, of which Bun's documentation does not speak: when they come, and what becomes of throws.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const versions = { 'TLS 1.3': 0x0304, 'TLS 1.2': 0x0303 };
  for (const [version, maxVersion] of Object.entries(versions)) {
    for (const mood of ['calm', 'throwing', 'returning', 'without handshake']) {
      const way = `${version}, ${mood}`;
      const [server, client] = [actor(`server, ${way}`), actor(`client, ${way}`)];
      const extra = (speaker) => ({
        keylog(_socket, line) {
          const [label, random, secret] = String(line).trimEnd().split(' ');
          speaker.say('keylog', label, random.length, Buffer.isBuffer(line), String(line).endsWith(`${secret}\n`));
          if (mood === 'throwing' && label.startsWith('CLIENT')) throw new Error('from keylog');
          return mood === 'returning' && label.startsWith('SERVER') ? new Error('out of keylog') : undefined;
        },
        session(_socket, session) {
          speaker.say('session', Buffer.isBuffer(session), session.length > 0);
          if (mood === 'throwing') throw new Error('from session');
          return mood === 'returning' ? new Error('out of session') : undefined;
        },
      });
      const handshake = mood !== 'without handshake' && { handshake() {} };
      const listener = listen({
        ...{ hostname: '127.0.0.1', port: 0, tls: { ...identity('server-ec'), maxVersion } },
        socket: {
          ...server.handlers({ ...handshake, error() {} }, { silent: ['drain', 'handshake'] }),
          ...extra(server),
        },
      });
      await connect({
        ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca, maxVersion } },
        socket: {
          ...client.handlers({ ...handshake, error() {}, data: (socket) => socket.end() }, { silent: ['drain'] }),
          ...extra(client),
        },
      });
      await (mood === 'without handshake' ? server.seen('open') : server.seen('handshake'));
      server.socket.write('something to read');
      await Promise.all([server.seen('close'), client.seen('close')]);
      listener.stop(true);
    }
  }
  for (const name of ['session', 'keylog', 'serverName', 'alpnCallback']) {
    main.attempt(name, () => listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, [name]: 1 } }).stop());
  }
}
