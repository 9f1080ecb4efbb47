// What a client demands of its server's certificate can change once its first words have left: the name, and whether it refuses.
import { ca, identity } from '../lib/certificates.mjs';

const demands = {
  'another name': { act: (tls) => tls.setServername('wrong.example') },
  'the same name': { act: (tls) => tls.setServername('localhost') },
  'no name': { act: (tls) => tls.setServername('') },
  'forgives the authority': { act: (tls) => tls.setVerifyMode(true, false), untrusted: true },
  'refuses the authority': { act: (tls) => tls.setVerifyMode(false, true), untrusted: true },
};

export default async function ({ serve, dial, actor, turns }) {
  for (const over of ['connect', 'upgradeTLS']) {
    for (const rejectUnauthorized of [true, false]) {
      for (const [what, { act, untrusted }] of Object.entries(demands)) {
        const name = `${over}, ${rejectUnauthorized ? 'strict' : 'lenient'}, ${what}`;
        const [near, far] = [actor(name), actor(`${name}: server`)];
        const handshake = (socket) => {
          far.say('is asked for', socket.getServername());
          socket.write('more');
        };
        const listener = serve('listener', {
          tls: identity('server-ec'),
          socket: far.handlers({ handshake }, { silent: ['open', 'handshake', 'end', 'close', 'error'] }),
        });
        const options = {
          tls: { ca: untrusted ? undefined : ca, serverName: 'localhost', rejectUnauthorized },
          socket: near.handlers(
            { open: (socket) => void setImmediate(() => near.attempt(what, () => act(socket))), handshake() {} },
            { silent: ['open'] },
          ),
        };
        if (over === 'connect') {
          await dial('dial', listener, options);
        } else {
          const plain = await dial('plain', listener, { socket: { data() {} } });
          near.say(plain.upgradeTLS(options)[1].getServername());
        }
        await near.seen('handshake');
        await far.seen('handshake');
        await turns(6);
        near.say(near.socket.readyState, near.socket.getServername(), near.socket.authorized);
        listener.stop(true);
        near.socket.terminate();
        await turns(3);
      }
    }
  }

  // What a client is told whose first words nobody has taken, and a server whose client leaves right after them.
  for (const rejectUnauthorized of [true, false]) {
    const kind = rejectUnauthorized ? 'strict' : 'lenient';
    const [unheard, absent] = [actor(`unheard, ${kind}`), actor(`resets, ${kind}`)];
    const resetter = serve('resetter', { socket: absent.handlers({ open: (socket) => socket.terminate() }) });
    const tls = { ca, rejectUnauthorized };
    await dial('dial', resetter, { tls, socket: unheard.handlers({ handshake() {} }) });
    await unheard.seen('close');
    resetter.stop(true);
    for (const over of ['connect', 'upgradeTLS']) {
      const [leaver, left] = [actor(`leaves, ${kind}, ${over}`), actor(`left, ${kind}, ${over}`)];
      const listener = serve('listener', { tls: identity('server-ec'), socket: left.handlers({ handshake() {} }) });
      const socket = leaver.handlers({ open: (near) => near.terminate(), handshake() {} });
      if (over === 'connect') await dial('dial', listener, { tls, socket });
      else (await dial('plain', listener, { socket: { data() {} } })).upgradeTLS({ tls, socket });
      await left.seen('close');
      listener.stop(true);
    }
  }
}
