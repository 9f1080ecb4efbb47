// The peer has said its last words and that there are no more, and has reset the connection. A write that finds that takes nothing away: the
// words and the end are told. Only a socket that was to stay half-open learns of the reset.
import { ca, identity } from '../lib/certificates.mjs';

const acts = {
  nothing() {},
  write: (socket) => socket.write('x'),
  end: (socket) => socket.end(),
  shutdown: (socket) => socket.shutdown(),
};
const { nothing, write } = acts;

export default async function ({ listen, connect, actor, path }) {
  const silent = { silent: ['open', 'handshake', 'data', 'end', 'close', 'error'] };
  const quit = (socket) => {
    socket.write('words');
    socket.shutdown();
    socket.terminate();
  };
  for (const [kind, side, allowHalfOpen] of [
    ['tcp', 'server', false],
    ['tcp', 'server', true],
    ['tcp', 'client', false],
    ['tcp', 'client', true],
    ['unix', 'server', false],
    ['unix', 'server', true],
  ]) {
    for (const [first, handshake] of Object.entries({ nothing, write })) {
      for (const [second, data] of Object.entries(acts)) {
        for (const [third, end] of Object.entries(acts)) {
          const name = `${kind} ${side}${allowHalfOpen ? ', half-open' : ''}: ${first}, ${second}, ${third}`;
          const own = actor(name);
          const act = (event, what) => (socket) => own.attempt(event, () => what(socket));
          // Differs from Bun (5): what the handler of a server is told.
          const socket = own.handlers(
            { handshake: act('handshake', handshake), data: act('data', data), end: act('end', end) },
            { silent: ['handshake'] },
          );
          const peer = actor(`peer, ${name}`).handlers({ handshake: quit }, silent);
          const where = kind === 'unix' ? { unix: path('s') } : { hostname: '127.0.0.1', port: 0 };
          const listener = listen({
            ...where,
            allowHalfOpen,
            tls: identity('server-ec'),
            socket: side === 'server' ? socket : peer,
          });
          await connect({
            ...(kind === 'unix' ? where : { ...where, port: listener.port }),
            allowHalfOpen,
            tls: { ca },
            socket: side === 'server' ? peer : socket,
          });
          await own.seen('close');
          listener.stop(true);
        }
      }
    }
  }
}
