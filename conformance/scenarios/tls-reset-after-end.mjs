// A reset while there is much to send to a peer that has shut its side: `close` says what it was, and there is no `drain` before it.
import { ca, identity } from '../lib/certificates.mjs';

const BIG = Buffer.alloc(4 << 20, 'x');

export default async function ({ serve, connect, actor, turns }) {
  for (const paused of [false, true]) {
    for (const goesOn of [false, true]) {
      const way = `${paused ? 'the peer is paused, ' : ''}${goesOn ? 'drain writes on' : 'drain does not write'}`;
      const server = actor(way);
      const drain = (socket) => goesOn && void socket.write(BIG);
      const listener = serve(way, {
        ...{ allowHalfOpen: true, tls: identity('server-ec') },
        socket: server.handlers({ handshake() {}, drain }, { silent: ['drain', 'handshake'] }),
      });
      const client = await connect({
        ...{ hostname: listener.hostname, port: listener.port, allowHalfOpen: true },
        ...{ tls: { ca, rejectUnauthorized: false }, socket: { data() {}, handshake() {} } },
      });
      await server.seen('handshake');
      await turns(3);
      if (paused) client.pause();
      while (server.socket.write(BIG) === BIG.length);
      client.shutdown();
      await server.seen('end');
      const drains = server.count('drain');
      client.terminate();
      await server.seen('close');
      if (paused) server.say('drains after the reset', server.count('drain') - drains);
      listener.stop(true);
    }
  }
}
