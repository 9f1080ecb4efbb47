// A half-open connection whose peer has ended, of which it was told, and is then reset: what it is told depends on what it does.
import { ca, identity } from '../lib/certificates.mjs';

const calls = {
  shutdown: (s) => s.shutdown(),
  write: (s) => s.write('x'),
  end: (s) => s.end(),
  pause: (s) => s.pause(),
};

export default async function ({ listen, connect, actor, turns }) {
  const play = async (tls, place, ...doing) => {
    const who = actor(`${tls ? 'TLS' : 'plain'}, ${place}: ${doing.join(', ') || 'nothing'}`);
    let far;
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, allowHalfOpen: true },
      ...(tls ? { tls: identity('server-ec') } : {}),
      socket: {
        open(socket) {
          far = socket;
        },
        data() {},
      },
    });
    const act = (socket) => {
      far.terminate();
      for (const name of doing) who.say(name, calls[name](socket), socket.readyState);
    };
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, allowHalfOpen: true },
      ...(tls ? { tls: { ca } } : {}),
      socket: who.handlers({ end: (socket) => place === 'in end' && act(socket) }),
    });
    await who.seen('open');
    await turns(20);
    far.shutdown();
    await who.seen('end');
    await turns(20);
    if (place === 'outside') act(near);
    await turns(40);
    who.say('readyState', near.readyState);
    near.terminate();
    listener.stop(true);
  };
  for (const tls of [false, true]) {
    for (const place of ['outside', 'in end']) {
      await play(tls, place);
      await play(tls, place, 'shutdown');
      await play(tls, place, 'write');
      await play(tls, place, 'write', 'shutdown');
      await play(tls, place, 'shutdown', 'write');
      await play(tls, place, 'pause', 'shutdown');
    }
  }
}
