// The peer has gone, by an end or a reset: what the close has, by what was done in `data` and in `end`.
const acts = {
  nothing() {},
  write: (socket) => socket.write('x'),
  shutdown: (socket) => socket.shutdown(),
};

const leave = {
  end: (socket) => socket.end('words'),
  'shutdown, terminate': (socket) => {
    socket.write('words');
    socket.shutdown();
    socket.terminate();
  },
  terminate: (socket) => {
    socket.write('words');
    socket.terminate();
  },
};

export default async function ({ listen, connect, target, actor, path }) {
  const silent = { silent: ['open', 'data', 'end', 'close', 'error'] };
  for (const where of [{ hostname: '127.0.0.1', port: 0 }, { unix: path('s') }]) {
    for (const allowHalfOpen of [false, true]) {
      for (const [how, quit] of Object.entries(leave)) {
        // Differs from Bun (4): `end` of a half-open connection.
        if (allowHalfOpen && how === 'end') continue;
        for (const [second, data] of Object.entries(acts)) {
          for (const [third, end] of Object.entries(acts)) {
            const kind = `${where.unix ? 'unix' : 'tcp'}${allowHalfOpen ? ', half-open' : ''}`;
            const own = actor(`${kind}, ${how}: ${second}, ${third}`);
            const act = (event, what) => (socket) => own.attempt(event, () => what(socket));
            const listener = listen({
              ...where,
              allowHalfOpen,
              socket: own.handlers({ data: act('data', data), end: act('end', end) }),
            });
            const peer = actor('peer').handlers({ open: quit }, silent);
            await connect({ ...target(listener), allowHalfOpen, socket: peer });
            await own.seen('close');
            listener.stop(true);
          }
        }
      }
    }
  }
}
