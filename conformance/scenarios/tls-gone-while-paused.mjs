// A half-open client that pauses after it was told of the end, and a server that goes meanwhile: what the pause hides of that, over TCP
// and unix sockets.
import { ca, identity } from '../lib/certificates.mjs';

const DEEDS = {
  write: (socket) => socket.write('words'),
  pause: (socket) => socket.pause(),
  resume: (socket) => socket.resume(),
  shutdown: (socket) => socket.shutdown(),
};
/** Deeds with a comma between them are done at once. */
const PLANS = [
  ['pause'],
  ['pause', 'resume'],
  ['pause', 'write'],
  ['pause', 'shutdown'],
  ['pause', 'shutdown', 'resume'],
  ['pause,shutdown'],
  ['pause,write', 'resume'],
  ['write', 'pause', 'shutdown'],
  ['shutdown', 'pause'],
];

export default async function ({ listen, connect, target, main, path, turns }) {
  for (const kind of ['tcp', 'unix']) {
    for (const way of ['end', 'shutdown, terminate']) {
      for (const start of ['in end', 'later']) {
        for (const plan of PLANS) {
          const log = [];
          let [handshakes, server] = [0];
          const follow = async (socket) => {
            for (const deeds of plan) {
              for (const name of deeds.split(',')) log.push(`<${name} ${DEEDS[name](socket) ?? ''}>`);
              await turns(4);
              log.push(socket.readyState);
            }
          };
          const at = kind === 'unix' ? { unix: path('s') } : { hostname: '127.0.0.1', port: 0 };
          const listener = listen({
            ...{ ...at, tls: identity('server-ec') },
            socket: {
              open(socket) {
                server = socket;
              },
              handshake() {
                handshakes += 1;
              },
              data() {},
            },
          });
          const client = await connect({
            ...{ ...target(listener), allowHalfOpen: true, tls: { ca, serverName: 'localhost' } },
            socket: {
              handshake() {
                handshakes += 1;
              },
              data() {},
              end(socket) {
                log.push('end');
                if (start === 'in end') follow(socket);
              },
              close: (_, error) => log.push(error ? `close ${error.code}` : 'close'),
            },
          });
          while (handshakes < 2) await turns(1);
          await turns(2);
          for (const name of way.split(', ')) {
            server[name]();
            await turns(2);
          }
          if (start === 'later') await follow(client);
          else await turns(1 + 4 * plan.length);
          await turns(2);
          main.say(`${kind}; ${way}; ${start}:`, log.join(' '), client.readyState);
          client.terminate();
          server.terminate();
          listener.stop(true);
        }
      }
    }
  }
}
