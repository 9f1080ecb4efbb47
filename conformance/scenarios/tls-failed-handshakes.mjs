// Handshakes that come to nothing: other protocols, peers that leave, versions and protocols that do not meet.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, raw, actor }) {
  const tls = identity('server-ec');
  const text = (error) => error?.message.replace(/.*OPENSSL_internal:/, '');
  const say = (who) => ({
    handshake: (_socket, success, error) => void who.say('  ', success, error?.code, text(error)),
  });
  const handlers = (who) => who.handlers(say(who), { silent: ['handshake'] });

  const server = actor('server of an HTTP client');
  const listener = listen({ hostname: '127.0.0.1', port: 0, tls, socket: handlers(server) });
  const http = raw('HTTP client', { listen: undefined, connect: { port: listener.port } });
  await server.seen('open');
  http.write('GET / HTTP/1.0\r\n\r\n');
  await server.seen('close');
  await http.seen('close');
  await http.leave();
  listener.stop(true);

  for (const leave of ['end', 'reset']) {
    const peer = raw(`peer that does ${leave}`, { count: true });
    const client = actor(`client of a peer that does ${leave}`);
    await connect({ hostname: '127.0.0.1', port: await peer.port(), tls: { ca }, socket: handlers(client) });
    await peer.seen('accepted');
    await peer.seen('received');
    peer[leave]();
    await client.seen('close');
    await peer.seen('close');
    await peer.leave();
  }

  const wrong = raw('peer that speaks in plain text', { count: true });
  const plain = actor('client of a plain peer');
  await connect({ hostname: '127.0.0.1', port: await wrong.port(), tls: { ca }, socket: handlers(plain) });
  await wrong.seen('accepted');
  wrong.write('220 in plain text\r\n');
  await plain.seen('close');
  await wrong.seen('close');
  await wrong.leave();

  for (const [label, theirs, ours] of [
    ['versions', { maxVersion: 0x0303 }, { minVersion: 0x0304 }],
    ['protocols', { ALPNProtocols: '\x01a' }, { ALPNProtocols: '\x01b' }],
  ]) {
    const [far, near] = [actor(`server, ${label}`), actor(`client, ${label}`)];
    const other = listen({ hostname: '127.0.0.1', port: 0, tls: { ...tls, ...theirs }, socket: handlers(far) });
    await connect({ hostname: '127.0.0.1', port: other.port, tls: { ca, ...ours }, socket: handlers(near) });
    await Promise.all([far.seen('close'), near.seen('close')]);
    other.stop(true);
  }
}
