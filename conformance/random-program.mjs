// A program made of chance: RANDOM_SEED says which. A few connections of one listener, on which something is done in some of the
// handlers, and from outside again and again, with time in between for everything to be told.
//
// What Bun and this package do differently on purpose (docs/differences.md) is left out where it can be.

import { ca, identity } from './lib/certificates.mjs';
import { Random } from './lib/random.mjs';

const random = new Random(Number(process.env.RANDOM_SEED));
const over = process.env.RANDOM_OVER;
const usesTls = over !== 'plain';
/** More than the two buffers of a connection take, so that it is written in part and waits. */
const LARGE = Buffer.alloc(8 << 20, 'large ');
const MOST_STEPS = 9;
const EVENTS = ['open', 'data', 'end', 'close', ...(usesTls ? ['handshake'] : [])];

/** What can be done with a socket. Each has its weight, and says whether it may be done by this one. */
const DEEDS = [
  [6, 'write', (socket) => socket.write('words')],
  [1, 'write nothing', (socket) => socket.write('')],
  [2, 'write bytes', (socket) => socket.write(Buffer.from('some bytes'), 2, 4)],
  // How TLS cuts a stream into events is nobody's contract, and a handler between two of them says where.
  [1, 'write a lot', (socket) => socket.write(LARGE) > 0, () => !usesTls],
  // Differs from Bun (4): `end` of a half-open connection.
  [2, 'end', (socket) => socket.end(), ({ halfOpen }) => !halfOpen],
  // Differs from Bun (3): what `end` is given before a handshake is over.
  [2, 'end with words', (socket) => socket.end('the end'), ({ halfOpen, isEarly }) => !halfOpen && !isEarly],
  [2, 'shutdown', (socket) => socket.shutdown()],
  [1, 'shutdown(true)', (socket) => socket.shutdown(true)],
  [1, 'close', (socket) => socket.close(), () => !usesTls],
  [1, 'terminate', (socket) => socket.terminate()],
  [3, 'pause', (socket) => socket.pause()],
  [4, 'resume', (socket) => socket.resume()],
  [1, 'flush', (socket) => socket.flush()],
  [1, 'ref', (socket) => socket.unref() ?? socket.ref()],
  [2, 'state', (socket) => socket.readyState],
  [1, 'timeout', (socket) => socket.timeout(60)],
  [
    1,
    'throw',
    () => {
      throw new Error('thrown');
    },
    ({ inHandler }) => inHandler,
  ],
  [1, 'return an error', () => new Error('returned'), ({ inHandler }) => inHandler],
  [1, 'reload', (socket, end) => socket.reload({ socket: handlersOf(end) })],
];

/** A deed that this end may do. */
function deed(end, event) {
  const isEarly = usesTls && event === 'open';
  const able = DEEDS.filter(
    ([, , , may]) => !may || may({ halfOpen: end.halfOpen, inHandler: event !== undefined, isEarly }),
  );
  let left = random.below(able.reduce((sum, [weight]) => sum + weight, 0));
  return able.find(([weight]) => (left -= weight) < 0);
}

/** Handlers some of which do something, the first time or the first two times that they are called. */
function handlersOf(end) {
  const own = {};
  for (const event of EVENTS) {
    const [, name, act] = random.chance(0.4) ? deed(end, event) : [];
    const later = random.chance(0.2) && random.pick([queueMicrotask, process.nextTick]);
    // Differs from Bun (8): the other end, when this one has closed, may find that out by a write. And (4): it may be half-open.
    const toTheOther = random.chance(0.25) && event !== 'close' && !name?.startsWith('end');
    let left = 1 + random.below(2);
    own[event] = (socket) => {
      end.socket ??= socket;
      if (!name || left-- <= 0) return undefined;
      if (name === 'throw' || name === 'return an error') return act(socket, end);
      const of = toTheOther && end.other?.socket ? end.other : end;
      const run = () =>
        end.actor.attempt(`${event}: ${of === end ? '' : 'the other: '}${name}`, () => act(of.socket, of));
      if (later) later(run);
      else run();
      return undefined;
    };
  }
  const handlers = end.actor.handlers(own);
  if (!usesTls) return handlers;
  // Differs from Bun (5): the error of a server that asks for no certificate. Who refuses whom is told without it, too.
  const { handshake } = handlers;
  handlers.handshake = (socket, success) => {
    end.isShaken = true;
    return handshake.call(socket, socket, success);
  };
  return handlers;
}

export default async function ({ listen, connect, target, actor, main, path, turns, standIn }) {
  const server = { halfOpen: random.chance(0.3) };
  const at = random.chance(0.3) ? { unix: path('random.sock') } : { hostname: '127.0.0.1', port: 0 };
  const ends = [];
  let accepted = 0;
  // Every accepted socket has an actor of its own, so that the connections' lines keep apart; the listener's handlers are all of them.
  const far = Array.from({ length: 1 + random.below(2) }, (_, index) => ({
    halfOpen: server.halfOpen,
    actor: actor(`server ${index}`),
  }));
  for (const end of far) end.handlers = handlersOf(end);
  const whose = new Map();
  const shared = {};
  for (const event of Object.keys(far[0].handlers)) {
    shared[event] = function (socket, ...args) {
      if (!whose.has(socket)) whose.set(socket, far[accepted++]);
      return whose.get(socket).handlers[event].call(this, socket, ...args);
    };
  }
  const listener = listen({
    ...at,
    allowHalfOpen: server.halfOpen,
    tls: usesTls ? identity('server-ec') : undefined,
    socket: shared,
  });
  if (listener.port !== undefined) standIn(listener.port, 'port');
  for (const end of far) {
    const near = { halfOpen: random.chance(0.3), actor: actor(`client ${ends.length / 2}`) };
    near.other = end;
    end.other = near;
    const socket = handlersOf(near);
    const tls = usesTls ? { ca } : undefined;
    const options = { ...target(listener), allowHalfOpen: near.halfOpen };
    if (over === 'upgrade') {
      const raw = actor(`${near.actor.name}, raw`).handlers({}, { silent: ['data'] });
      const plain = await near.actor.settle('connect', () => connect({ ...options, socket: raw }));
      near.actor.attempt('upgrade', () => void plain.upgradeTLS({ tls, socket }));
    } else {
      await near.actor.settle('connect', () => connect({ ...options, tls, socket }));
    }
    await turns(8);
    ends.push(near, end);
  }
  for (let step = 1 + random.below(MOST_STEPS); step > 0; step--) {
    const end = random.pick(ends);
    const [, name, act] = deed(end);
    if (!end.socket) continue;
    // A pause may have held the handshake back: (3), as above.
    if (usesTls && name === 'end with words' && !end.isShaken) continue;
    main.say(`${end.actor.name}: ${name}`);
    end.actor.attempt(name, () => act(end.socket, end));
    await turns(6);
  }
  for (const end of ends) if (end.socket) end.actor.say('state', end.socket.readyState, end.socket.bytesWritten);
  listener.stop(true);
  for (const end of ends) if (end.socket) end.actor.attempt('terminate', () => end.socket.terminate());
  await turns(6);
}
