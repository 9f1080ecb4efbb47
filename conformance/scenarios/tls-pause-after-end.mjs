// A half-open socket that is paused once it has been told of the peer's `close_notify`, and is shut then: a pause hides the end of the
// connection behind it, unless that was found before.
import { ca, identity } from '../lib/certificates.mjs';

const acts = {
  nothing() {},
  pause: (socket) => socket.pause(),
  resume: (socket) => socket.resume(),
  shutdown: (socket) => socket.shutdown(),
  write: (socket) => socket.write('x'),
};
const PLAYS = [
  // before the end, in its handler, and after it
  ['nothing', 'pause', 'shutdown', 'resume'],
  ['nothing', 'pause', 'shutdown', 'write', 'resume'],
  ['nothing', 'pause', 'shutdown', 'shutdown', 'pause', 'resume'],
  ['nothing', 'pause', 'resume', 'shutdown'],
  ['nothing', 'nothing', 'pause', 'shutdown'],
  ['nothing', 'nothing', 'pause', 'shutdown', 'resume'],
  ['nothing', 'shutdown', 'pause', 'resume'],
  ['shutdown', 'pause', 'nothing', 'resume'],
  ['pause', 'pause', 'resume', 'shutdown', 'resume'],
];

export default async function ({ listen, connect, target, actor, path, turns }) {
  const silent = { silent: ['open', 'handshake', 'data', 'end', 'close', 'error'] };
  for (const where of [{ hostname: '127.0.0.1', port: 0 }, { unix: path('s') }]) {
    for (const leave of ['shutdown', 'end']) {
      for (const [before, inEnd, ...after] of PLAYS) {
        const own = actor(`${where.unix ? 'unix' : 'tcp'}, ${leave}: ${[before, inEnd, ...after].join(', ')}`);
        const peer = actor('peer');
        const act = (name, socket) => {
          own.attempt(name, () => acts[name](socket));
          own.say('then', socket.readyState);
        };
        const listener = listen({
          ...where,
          tls: identity('server-ec'),
          socket: peer.handlers({ handshake() {} }, silent),
        });
        const socket = await connect({
          ...target(listener),
          allowHalfOpen: true,
          tls: { ca },
          socket: own.handlers({ handshake() {}, end: (socket) => act(inEnd, socket) }),
        });
        await own.seen('handshake');
        await peer.seen('handshake');
        await turns(3);
        act(before, socket);
        peer.socket[leave]();
        await turns(5);
        for (const name of after) {
          act(name, socket);
          await turns(5);
          own.say('later', socket.readyState);
        }
        socket.terminate();
        listener.stop(true);
        await turns(2);
      }
    }
  }
}
