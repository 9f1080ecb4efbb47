// What is done to either end of a TLS connection, in its handlers and afterwards, in many orders: who pauses, leaves or shuts in the middle of
// a handshake, and what the other end is told.
//
// `c` is the client and `s` the server. `c@open:end` is done in the handler; `s.write` is done afterwards, one after the other with time
// in between, or at once where there is a `+`; `c@handshake:s.pause` is done to the other end.
import { ca, identity } from '../lib/certificates.mjs';

const DEEDS = {
  end: (socket) => socket.end(),
  'end with words': (socket) => socket.end('bye'),
  shutdown: (socket) => socket.shutdown(),
  deafen: (socket) => socket.shutdown(true),
  terminate: (socket) => socket.terminate(),
  close: (socket) => socket.close(),
  pause: (socket) => socket.pause(),
  resume: (socket) => socket.resume(),
  write: (socket) => socket.write('words'),
  flush: (socket) => socket.flush(),
};
const LEAVING = ['end', 'shutdown', 'deafen', 'terminate', 'close'];

const each = (list, make) => list.flatMap(make);
const SEQUENCES = [
  // Leaving in the middle.
  ...each(['c', 's'], (who) => LEAVING.map((how) => `${who}@open:${how}`)),
  ...each(LEAVING, (how) => [`c@open:s.${how}`, `c@handshake:s.${how}`]),
  // Leaving, and being left, in a pause that holds the handshake back.
  ...each(['c', 's'], (who) =>
    each(['c', 's'], (other) =>
      ['end', 'shutdown', 'terminate', 'write'].map((how) => `${who}@open:pause ${other}.${how}`),
    ),
  ),
  'c@handshake:s.pause s.end s.resume',
  'c@handshake:s.pause s.shutdown s.resume',
  'c@handshake:s.pause s.write s.resume',
  'c@handshake:s.deafen s@handshake:pause',
  // Both leave in their handlers: what the first has said comes with the end of the handshake.
  'c@handshake:end s@handshake:end',
  'c@handshake:end s@handshake:end with words',
  'c@handshake:end with words s@handshake:end',
  // What has come before a pause is told in spite of it.
  'c@data:pause s.end with words',
  's@data:pause c.end with words s.write',
  's@handshake:pause c@handshake:end with words s.write s.resume',
  's@handshake:pause c@handshake:write c.write s.write s.resume',
  'c@handshake:pause s@handshake:write c.write c.resume',
];

/** On unix sockets a send finds at once that the peer has gone. */
const UNIX_SEQUENCES = [
  'c.pause s.terminate c.write',
  'c.pause s.terminate c.shutdown',
  'c.pause s.terminate c.end',
  'c.pause s.write s.terminate c.write c.resume',
  'c.pause s.write s.terminate c.shutdown c.resume',
  's.write +s.terminate +c.write',
  'c.pause s.write +s.terminate +c.write c.resume',
  's.terminate +c.end with words',
];

/** A peer on a unix socket that does not read any more still has things to say, of which no failed send may cost any. */
const DEAF_SEQUENCES = [
  'c.pause +c.deafen +s.write',
  'c.pause +c.deafen +s.write +c.write c.write c.resume',
  'c.pause +c.deafen +c.write +s.write s.write c.write c.shutdown',
  'c.pause +c.deafen +c.write +s.shutdown c.write c.resume',
  'c.pause +c.deafen +c.write +s.end c.write c.end',
  'c.pause +c.deafen +c.write +s.end with words c.write c.end',
  'c.pause +c.deafen +c.write +s.write s.end c.terminate',
  'c.pause +c.deafen +c.write +s.write s.end with words c.resume',
  'c.pause +c.deafen +c.write +s.write c.terminate',
  'c.pause +c.deafen +s.pause +c.write +s.write c.write s.resume c.resume',
  'c.write +c.shutdown +c.terminate +s.write',
  'c@end:write s@data:shutdown c.deafen',
];

/** What is left to do when one side has ended, or is gone. */
const ENDED_SEQUENCES = [
  'c@end:end s.shutdown',
  'c@end:write s.shutdown',
  's.end c.write s.flush',
  's.end c.write c.end',
  's.end c.write s.deafen',
  'c.end s.write s.terminate',
  'c.end s.write s.end',
  's.deafen s.shutdown',
  's.deafen c.shutdown',
  's@end:write c.shutdown +c.terminate',
  's@end:end with words c.shutdown +c.terminate',
];

function parse(sequence) {
  const now = { c: {}, s: {} };
  const later = [];
  for (const step of sequence.split(/ (?=\+?[cs][@.])/)) {
    const [, plus, who, event, other, how] = /^(\+?)([cs])(?:@(\w+):(?:([cs])\.)?|\.)(.+)$/.exec(step);
    if (event) now[who][event] = { of: other ?? who, how };
    else later.push({ of: who, how, atOnce: plus === '+' });
  }
  return { now, later };
}

export default async function ({ listen, connect, target, actor, path, turns }) {
  async function run(sequence, unix, allowHalfOpen) {
    const { now, later } = parse(sequence);
    const label = `${unix ? 'unix' : 'tcp'}${allowHalfOpen ? ', half-open' : ''}, ${sequence}`;
    const actors = { c: actor(`client: ${label}`), s: actor(`server: ${label}`) };
    const act = ({ of, how }) => actors[of].attempt(how, () => DEEDS[how](actors[of].socket));
    let events = 0;
    const handlersOf = (who) => {
      const own = {};
      for (const event of ['open', 'data', 'end', 'close', 'handshake']) {
        own[event] = (_socket, ...words) => {
          events += 1;
          // Without the error: a server that asks for no certificate has one on Bun (difference 5).
          if (event === 'handshake') actors[who].say('handshake', words[0]);
          if (now[who][event]) act(now[who][event]);
        };
      }
      return actors[who].handlers(own, { silent: ['handshake'] });
    };
    /** Lets everything happen that is on its way: other threads may have a part in it. */
    const quiet = async () => {
      for (let before = -1; before !== events; ) {
        before = events;
        await turns(12);
      }
    };
    const isTold = (who) => who.count('close') > 0 || who.count('handshake') > 0;
    const at = unix ? { unix: path('s') } : { hostname: '127.0.0.1', port: 0 };
    const listener = listen({ ...at, allowHalfOpen, tls: identity('server-ec'), socket: handlersOf('s') });
    await connect({ ...target(listener), allowHalfOpen, tls: { ca }, socket: handlersOf('c') });
    const isHeld = /@open:pause|@handshake:[cs]\.pause/.test(sequence);
    if (!isHeld) await Promise.all(Object.values(actors).map((who) => who.seen(() => isTold(who))));
    for (const deed of later) {
      if (!deed.atOnce) await quiet();
      act(deed);
    }
    await quiet();
    for (const who of Object.values(actors)) who.say('readyState', who.socket.readyState);
    listener.stop(true);
    for (const { socket } of Object.values(actors)) socket.terminate();
    await turns(5);
  }
  const runAll = async (sequences, unix) => {
    for (const sequence of sequences) await run(sequence, unix, false);
    for (const allowHalfOpen of [false, true]) {
      for (const sequence of ENDED_SEQUENCES) await run(sequence, unix, allowHalfOpen);
      if (unix) for (const sequence of DEAF_SEQUENCES) await run(sequence, unix, allowHalfOpen);
    }
  };
  // Whether the client's last words still arrive there is a matter of microseconds where other threads shake hands.
  const unixSequences = SEQUENCES.filter((sequence) => sequence !== 'c@handshake:s.terminate');
  await Promise.all([runAll(SEQUENCES, false), runAll([...unixSequences, ...UNIX_SEQUENCES], true)]);
}
