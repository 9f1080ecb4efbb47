// What getAuthorizationError() says of a handshake that failed: in the handler, in close, and later.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, raw, actor }) {
  const watched = (who) => {
    const why = (socket) => socket.getAuthorizationError()?.code;
    return who.handlers({
      handshake: (socket, success, error) => void who.say('  ', success, error?.code, 'why', why(socket)),
      close: (socket) => void who.say('  why', why(socket)),
    });
  };
  for (const [label, act] of [
    ['ends', (peer) => peer.end()],
    ['resets', (peer) => peer.reset()],
    ['speaks in plain text', (peer) => peer.write('220 in plain text\r\n')],
  ]) {
    for (const rejectUnauthorized of [true, false]) {
      const peer = raw(`peer that ${label}, ${rejectUnauthorized}`, { count: true });
      const client = actor(`client of a peer that ${label}, ${rejectUnauthorized}`);
      await connect({
        hostname: '127.0.0.1',
        port: await peer.port(),
        tls: { ca, rejectUnauthorized },
        socket: watched(client),
      });
      await peer.seen('received');
      act(peer);
      await client.seen('close');
      client.say('later', client.socket.getAuthorizationError()?.code);
      await peer.seen('close');
      await peer.leave();
    }
    const server = actor(`server of a peer that ${label}`);
    const listener = listen({
      hostname: '127.0.0.1',
      port: 0,
      tls: { ...identity('server-ec'), requestCert: true },
      socket: watched(server),
    });
    const peer = raw(`connecting peer that ${label}`, { listen: undefined, connect: { port: listener.port } });
    await server.seen('open');
    act(peer);
    await server.seen('close');
    await peer.seen('close');
    await peer.leave();
    listener.stop(true);
  }
  const client = actor('client that closes in open');
  const server = actor('server of one');
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    tls: { ...identity('server-ec'), requestCert: true },
    socket: watched(server),
  });
  const handlers = watched(client);
  const { open } = handlers;
  handlers.open = (socket) => {
    open(socket);
    socket.close();
  };
  await connect({ hostname: '127.0.0.1', port: listener.port, tls: { ca }, socket: handlers });
  await server.seen('close');
  listener.stop(true);
}
