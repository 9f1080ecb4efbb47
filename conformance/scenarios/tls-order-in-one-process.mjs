// Who is told of a handshake first, where both ends are in one process, and what the other end hears of what is done about it. Whoever
// says the last word of the handshake is told before the word leaves.
import { ca, identity } from '../lib/certificates.mjs';

const TLS_12 = 771;
const calls = {
  nothing: () => undefined,
  write: (socket) => socket.write('hello'),
  'write 100,000': (socket) => socket.write(Buffer.alloc(100_000)) && undefined,
  'write and end': (socket) => socket.end('hello'),
  'write and terminate': (socket) => [socket.write('hello'), socket.terminate()],
  'write and shutdown': (socket) => [socket.write('hello'), socket.shutdown()],
  shutdown: (socket) => socket.shutdown(),
  end: (socket) => socket.end(),
  close: (socket) => socket.close(),
  terminate: (socket) => socket.terminate(),
};

export default async function ({ listen, connect, main, turns }) {
  for (const [version, limit] of Object.entries({ 'TLS 1.3': {}, 'TLS 1.2': { maxVersion: TLS_12 } })) {
    for (const [what, call] of Object.entries(calls)) {
      for (const who of ['client', 'server']) {
        const log = [];
        let length = 0;
        const handlers = (name) => ({
          open: () => log.push(`${name} open`),
          handshake(socket, success) {
            log.push(`${name} handshake ${success}`);
            if (name === who) call(socket);
          },
          data(_, data) {
            // How it comes in pieces is the system's affair.
            if (length === 0) log.push(`${name} data`);
            length += data.length;
          },
          drain: () => log.push(`${name} drain`),
          end: () => log.push(`${name} end`),
          close: (_, error) => log.push(`${name} close${error ? ` ${error.code}` : ''}`),
        });
        const listener = listen({
          ...{ hostname: '127.0.0.1', port: 0, tls: { ...identity('server-ec'), ...limit } },
          socket: handlers('server'),
        });
        const socket = await connect({
          ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca, ...limit } },
          socket: handlers('client'),
        });
        // Other threads may make the handshake.
        const isTold = (name) => log.some((it) => it.startsWith(`${name} handshake`) || it.startsWith(`${name} close`));
        while (!isTold('client') || !isTold('server')) await turns(1);
        await turns(30);
        main.say(`${version}, ${who}, ${what}:`, log.join(', '), `${length} bytes`);
        socket.terminate();
        listener.stop(true);
      }
    }
  }
}
