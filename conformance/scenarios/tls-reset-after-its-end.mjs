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

export default async function ({ listen, connect, actor, path, turns }) {
  const silent = { silent: ['open', 'handshake', 'data', 'end', 'close', 'error'] };
  const quits = {
    reset: (socket) => {
      socket.write('words');
      socket.shutdown();
      socket.terminate();
    },
    // Whatever it is sent from now on resets it.
    deaf: (socket) => {
      socket.write('words');
      socket.shutdown(true);
      socket.shutdown();
    },
  };
  for (const [kind, side, allowHalfOpen, how] of [
    ['tcp', 'server', false, 'reset'],
    ['tcp', 'server', true, 'reset'],
    ['tcp', 'client', false, 'reset'],
    ['tcp', 'client', true, 'reset'],
    ['unix', 'server', false, 'reset'],
    ['unix', 'server', true, 'reset'],
    ['tcp', 'client', false, 'deaf'],
    ['tcp', 'client', true, 'deaf'],
  ]) {
    for (const [first, handshake] of Object.entries({ nothing, write })) {
      for (const [second, data] of Object.entries(acts)) {
        for (const [third, end] of Object.entries(acts)) {
          // What the first of them provokes may be still on its way when the second is done, on a busy machine.
          if (how === 'deaf' && second !== 'nothing' && third !== 'nothing') continue;
          const name = `${how}, ${kind} ${side}${allowHalfOpen ? ', half-open' : ''}: ${first}, ${second}, ${third}`;
          const own = actor(name);
          const act = (event, what) => (socket) => own.attempt(event, () => what(socket));
          // Differs from Bun (5): what the handler of a server is told.
          const socket = own.handlers(
            { handshake: act('handshake', handshake), data: act('data', data), end: act('end', end) },
            { silent: ['handshake'] },
          );
          const peer = actor(`peer, ${name}`).handlers({ handshake: quits[how] }, silent);
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
          // A half-open one lives on until it says something.
          await own.seen(() => own.count('close') + own.count('end') > 0);
          await turns(5);
          if (own.socket.readyState === 1) own.attempt('later', () => own.socket.shutdown());
          await turns(5);
          own.socket.terminate();
          listener.stop(true);
        }
      }
    }
  }
}
