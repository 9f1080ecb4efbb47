// A listener on a unix socket that is stopped when it has accepted the first of two clients: what the other one hears, which was in its
// backlog.
import { ca, identity } from '../lib/certificates.mjs';

const CLIENTS = {
  plain: undefined,
  secure: { ca, serverName: 'localhost' },
  lenient: { ca, rejectUnauthorized: false },
};

export default async function ({ listen, connect, main, path, turns }) {
  for (const [kind, tls] of Object.entries(CLIENTS)) {
    for (const isHeard of tls ? [true, false] : [false]) {
      for (const stopped of [[], [true]]) {
        const unix = path('s');
        let accepted = 0;
        const listener = listen({
          ...{ unix, ...(tls && { tls: identity('server-ec') }) },
          socket: {
            data() {},
            // With it, `open` is called when a connection is accepted.
            handshake() {},
            open() {
              accepted += 1;
              listener.stop(...stopped);
            },
          },
        });
        const log = [];
        const dial = (say) => {
          const socket = {
            open: () => say('open'),
            ...(isHeard && { handshake: (_, success) => say(`handshake ${success}`) }),
            data() {},
            end: () => say('end'),
            close: (_, error) => say('close', error),
          };
          return connect({ unix, ...(tls && { tls }), socket });
        };
        const answers = await Promise.allSettled([
          dial(() => {}),
          dial((what, error) => log.push(error ? `${what} ${error.code}` : what)),
        ]);
        await turns(12);
        const [first, second] = answers.map(({ value, reason }) => value ?? reason.code);
        const name = [kind, isHeard ? 'with handshake' : 'without', stopped].flat().join(', ');
        main.say(`${name}:`, accepted, log.join(', '), second.readyState ?? second);
        first.terminate();
        second.terminate?.();
      }
    }
  }
}
