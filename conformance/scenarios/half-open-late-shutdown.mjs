// What a half-open socket writes to a peer that has gone altogether, and shuts its side after that: the close says what the write ran into.
const acts = {
  write: (socket) => socket.write('x'),
  'write a lot': (socket) => socket.write(Buffer.alloc(8 << 20)) > 0,
  shutdown: (socket) => socket.shutdown(),
  'write, shutdown': (socket) => [socket.write('x'), socket.shutdown()].join(),
  'write a lot, shutdown': (socket) => [socket.write(Buffer.alloc(8 << 20)) > 0, socket.shutdown()].join(),
};

export default async function ({ listen, connect, target, actor, path }) {
  for (const where of [{ hostname: '127.0.0.1', port: 0 }, { unix: path('s') }]) {
    for (const allowHalfOpen of [true, false]) {
      for (const [what, act] of Object.entries(acts)) {
        const own = actor(`${where.unix ? 'unix' : 'tcp'}, ${allowHalfOpen ? 'half open' : 'not half open'}, ${what}`);
        const listener = listen({ ...where, socket: { open: (socket) => void socket.end(), data() {} } });
        const end = (socket) => void own.attempt(what, () => act(socket));
        await connect({ ...target(listener), allowHalfOpen, socket: own.handlers({ end }) });
        await own.seen('close');
        listener.stop(true);
      }
    }
  }
}
