// A server shuts one of its sides, or both, before it has heard anything, and the client leaves as soon as it is told of its handshake: who
// is told what of the end.
import { ca, identity } from '../lib/certificates.mjs';

const acts = {
  nothing() {},
  shutdown: (socket) => socket.shutdown(),
  'shutdown(true)': (socket) => socket.shutdown(true),
  end: (socket) => socket.end(),
};
const quits = {
  stays() {},
  terminate: (socket) => socket.terminate(),
  end: (socket) => socket.end(),
  shutdown: (socket) => socket.shutdown(),
  'write and terminate'(socket) {
    socket.write('words');
    socket.terminate();
  },
};

export default async function ({ listen, connect, main, turns }) {
  for (const isUpgraded of [false, true]) {
    for (const [act, part] of Object.entries(acts)) {
      for (const [quit, leave] of Object.entries(quits)) {
        for (const allowHalfOpen of [false, true]) {
          const told = { server: [], client: [] };
          const sockets = {};
          // Whether `drain` is called at the end of a half-open connection, too, is in docs/differences.md.
          const handlers = (side) => ({
            open(socket) {
              sockets[side] = socket;
            },
            handshake(socket, success) {
              told[side].push(`handshake ${success}`);
              if (side === 'client') leave(socket);
            },
            data: () => told[side].push('data'),
            end: () => told[side].push('end'),
            close: (_, error) => told[side].push(error ? `close ${error.code}` : 'close'),
          });
          const listener = listen({
            ...{ hostname: '127.0.0.1', port: 0, allowHalfOpen, tls: identity('server-ec') },
            socket: handlers('server'),
          });
          const where = { hostname: '127.0.0.1', port: listener.port };
          const tls = { ca, serverName: 'localhost' };
          const socket = handlers('client');
          await (isUpgraded
            ? connect({
                ...where,
                socket: {
                  open(plain) {
                    part(sockets.server);
                    [sockets.raw, sockets.client] = plain.upgradeTLS({ tls, socket });
                  },
                  data() {},
                },
              })
            : connect({
                ...where,
                tls,
                socket: {
                  ...socket,
                  open(secure) {
                    sockets.client = secure;
                    part(sockets.server);
                  },
                },
              }));
          // Other threads may make the handshake.
          const isTold = () => told.server.length > 0 && told.client.length > 0;
          for (let left = 200; left > 0 && !isTold(); left -= 1) await turns(1);
          await turns(12);
          const how = `${isUpgraded ? 'upgraded' : 'TLS'}, ${act}, ${quit}${allowHalfOpen ? ', half-open' : ''}`;
          main.say(`${how}:`, told.server.join(', '), '|', told.client.join(', '));
          for (const left of Object.values(sockets)) left.terminate();
          listener.stop(true);
        }
      }
    }
  }
}
