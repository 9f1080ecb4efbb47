// What can still be said in the `handshake` handler of a socket that the program has given up in its `open`.
import { ca, identity } from '../lib/certificates.mjs';

const leave = {
  end: (socket) => socket.end(),
  terminate: (socket) => socket.terminate(),
  close: (socket) => socket.close(),
  throw: () => {
    throw new Error('thrown');
  },
  'return an error': () => new Error('returned'),
  shutdown: (socket) => socket.shutdown(),
  'shutdown, end': (socket) => socket.shutdown() ?? socket.end(),
};

const say = {
  'write nothing': (socket) => socket.write(''),
  'write no bytes': (socket) => socket.write(Buffer.alloc(0)),
  write: (socket) => socket.write('x'),
  'end with nothing': (socket) => socket.end(''),
  'end with words': (socket) => socket.end('x'),
  end: (socket) => socket.end(),
};

export default async function ({ serve, dial, actor, turns }) {
  const silent = { silent: ['open', 'handshake', 'data', 'end', 'close', 'error'] };
  for (const side of ['server', 'client', 'upgraded client']) {
    for (const [how, open] of Object.entries(leave)) {
      for (const [what, act] of Object.entries(say)) {
        const [own, other] = [
          actor(`${side}, ${how}, ${what}`),
          actor('the other').handlers({ handshake() {} }, silent),
        ];
        const handshake = (socket) => {
          own.attempt(what, () => act(socket));
          own.say('then', socket.readyState);
        };
        const socket = own.handlers({ open, handshake });
        const listener = serve('listener', {
          tls: identity('server-ec'),
          socket: side === 'server' ? socket : other,
        });
        if (side === 'upgraded client') {
          (await dial('plain', listener, { socket: { data() {} } })).upgradeTLS({ tls: { ca }, socket });
        } else {
          await dial('dial', listener, { tls: { ca }, socket: side === 'client' ? socket : other });
        }
        await own.seen('close');
        listener.stop(true);
      }
    }
  }
  await turns(3);
}
