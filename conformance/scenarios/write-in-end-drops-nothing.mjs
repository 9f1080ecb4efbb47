// An echo server that answers in `end`, allowHalfOpen false.
export default async function ({ serve, raw, actor }) {
  const listener = serve('server', {
    handlers: {
      data: (socket, data) => void socket.write(data),
      end: (socket) => void socket.write(' - and goodbye'),
    },
  });
  const peer = raw('peer', { connect: { port: listener.port, host: '127.0.0.1' }, allowHalfOpen: true });
  peer.end('hello');
  await peer.seen('end');
  await actor('server').seen('close');
  peer.end();
  await peer.seen('close');
  await peer.leave();
  listener.stop(true);
}
