// shutdown() before and during a handshake: FIN leaves at once, and what the peer still says is heard.
import net from 'node:net';
import { ca, identity } from '../lib/certificates.mjs';

const say = (who) => (_socket, success, error) => void who.say('  ', success, error?.code);

/** Hands bytes on between a client and a server; the server's only after the client's FIN. */
function relay(port) {
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const held = [];
    let ended = false;
    server.cut = () => near.destroy();
    near.on('data', (data) => far.write(data));
    near.on('end', () => {
      ended = true;
      for (const data of held) near.write(data);
    });
    far.on('data', (data) => (ended ? near.write(data) : held.push(data)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

export default async function ({ listen, connect, raw, actor }) {
  for (const rejectUnauthorized of [true, false]) {
    const peer = raw(`silent peer, ${rejectUnauthorized}`, { allowHalfOpen: true, count: true });
    const client = actor(`client in open, ${rejectUnauthorized}`);
    await connect({
      hostname: '127.0.0.1',
      port: await peer.port(),
      tls: { ca, rejectUnauthorized },
      socket: client.handlers({
        open: (socket) => void socket.shutdown(),
        handshake(socket, success, error) {
          client.say('  ', success, error, 'why', socket.getAuthorizationError(), 'readyState', socket.readyState);
        },
      }),
    });
    await peer.seen('end');
    peer.end();
    await client.seen('close');
    client.say('why', client.socket.getAuthorizationError());
    await peer.leave();
  }

  for (const [label, trusted] of [
    ['trusted', { ca }],
    ['untrusted', {}],
  ]) {
    const server = actor(`server of a client after its hello, ${label}`);
    const client = actor(`client after its hello, ${label}`);
    const listener = listen({
      hostname: '127.0.0.1',
      port: 0,
      tls: identity('server-ec'),
      socket: server.handlers({ handshake: say(server) }),
    });
    const between = await relay(listener.port);
    await connect({
      hostname: '127.0.0.1',
      port: between.address().port,
      tls: { ...trusted, serverName: 'localhost' },
      socket: client.handlers({
        open: (socket) => void setTimeout(() => socket.shutdown(), 50),
        handshake: say(client),
      }),
    });
    await client.seen('handshake');
    const { authorized } = client.socket;
    client.socket.close();
    between.cut();
    await Promise.all([client.seen('close'), server.seen('close')]);
    client.say('authorized', authorized);
    between.close();
    listener.stop(true);
  }
}
