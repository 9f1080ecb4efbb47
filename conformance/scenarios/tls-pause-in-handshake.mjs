// pause() holds a handshake back, and one of the plain socket before holds nothing back after an upgrade.
import { ca, identity } from '../lib/certificates.mjs';

const rest = () => new Promise((resolve) => setTimeout(resolve, 100));
// Without the error: a server has one of its own on Bun (difference 5).
const say = (who) => (_socket, success) => void who.say('handshake', success);
const silent = { silent: ['handshake'] };

export default async function ({ listen, connect, raw, actor }) {
  const tls = identity('server-rsa');
  for (const side of ['server', 'client']) {
    const server = actor(`server, ${side} pauses`);
    const client = actor(`client, ${side} pauses`);
    const handlers = (who, pauses) =>
      who.handlers(
        {
          open: (socket) => void (pauses && socket.pause()),
          handshake(socket, success) {
            say(who)(socket, success);
            socket.write('hello');
          },
        },
        silent,
      );
    const listener = listen({ hostname: '127.0.0.1', port: 0, tls, socket: handlers(server, side === 'server') });
    await connect({
      hostname: '127.0.0.1',
      port: listener.port,
      tls: { ca },
      socket: handlers(client, side === 'client'),
    });
    await server.seen('open');
    await rest();
    for (const who of [server, client]) who.say('- resume');
    (side === 'server' ? server : client).socket.resume();
    await Promise.all([server.seen('data'), client.seen('data')]);
    client.socket.end();
    await server.seen('close');
    listener.stop(true);
  }

  const paused = actor('paused server of a peer that resets');
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    tls,
    socket: paused.handlers({ open: (socket) => void socket.pause(), handshake: say(paused) }, silent),
  });
  const peer = raw('peer that resets', { listen: undefined, connect: { port: listener.port } });
  await paused.seen('open');
  peer.reset();
  await paused.seen('close');
  await peer.leave();

  const far = actor('server of an upgrade');
  const near = actor('upgraded after a pause');
  const other = listen({
    hostname: '127.0.0.1',
    port: 0,
    tls,
    socket: far.handlers({ handshake: (socket) => void socket.write('hello') }, silent),
  });
  const plain = await connect({ hostname: '127.0.0.1', port: other.port, socket: { data() {} } });
  plain.pause();
  const [, secure] = plain.upgradeTLS({ tls: { ca }, socket: near.handlers({ handshake: say(near) }, silent) });
  await near.seen('data');
  secure.end();
  await Promise.all([near.seen('close'), far.seen('close')]);
  other.stop(true);
  listener.stop(true);
}
