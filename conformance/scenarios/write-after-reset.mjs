// A write that is the first to find that the peer has reset the connection has the reason for itself: what had come before is told, then an
// ordinary end. Over TLS the close still has the reason, and `end()` does not wait for it.
import { ca, identity } from '../lib/certificates.mjs';

const acts = {
  write: (socket) => socket.write('x'),
  'write nothing': (socket) => socket.write(''),
  'write a lot': (socket) => socket.write(Buffer.alloc(1 << 20)),
  'write twice': (socket) => [socket.write('x'), socket.write('x')].join(),
  'write, end': (socket) => [socket.write('x'), socket.end()].join(),
  'write, end with words': (socket) => [socket.write('x'), socket.end('x')].join(),
  'write, shutdown': (socket) => [socket.write('x'), socket.shutdown()].join(),
  'write, shutdown(true)': (socket) => [socket.write('x'), socket.shutdown(true)].join(),
  'write, close': (socket) => [socket.write('x'), socket.close()].join(),
  'write, terminate': (socket) => [socket.write('x'), socket.terminate()].join(),
  end: (socket) => socket.end(),
  'end with words': (socket) => socket.end('x'),
  shutdown: (socket) => socket.shutdown(),
};

export default async function ({ listen, connect, actor, path, turns }) {
  const silent = { silent: ['open', 'handshake', 'data', 'end', 'close', 'error'] };
  const over = {
    tcp: { where: { hostname: '127.0.0.1', port: 0 } },
    unix: { where: { unix: path('s') } },
    tls: { where: { hostname: '127.0.0.1', port: 0 }, server: { tls: identity('server-ec') }, client: { tls: { ca } } },
  };
  for (const [kind, { where, server, client }] of Object.entries(over)) {
    for (const [what, act] of Object.entries(acts)) {
      for (const without of [[], ['end']]) {
        for (const first of ['nothing', 'words']) {
          const name = `${kind}, ${what}, ${first} before, ${without.length === 0 ? 'with' : 'without'} end`;
          const [own, peer] = [actor(name), actor(`peer, ${name}`)];
          const listener = listen({ ...where, ...server, socket: peer.handlers({}, silent) });
          const to = where.unix === undefined ? { ...where, port: listener.port } : where;
          const socket = await connect({
            ...to,
            ...client,
            socket: own.handlers({}, { without, also: client === undefined ? [] : ['handshake'] }),
          });
          await (client === undefined ? peer.seen('open') : own.seen('handshake'));
          await turns(3);
          if (first !== 'nothing') peer.socket.write(first);
          peer.socket.terminate();
          own.attempt(what, () => act(socket));
          await own.seen('close');
          listener.stop(true);
        }
      }
    }
  }
}
