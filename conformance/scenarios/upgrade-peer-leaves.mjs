// A client that leaves before its server has answered the upgrade: whether the server is told of a reset, over TCP and unix sockets.
import { ca, identity } from '../lib/certificates.mjs';

const WAYS = {
  end: (socket) => socket.end(),
  shutdown: (socket) => socket.shutdown(),
  'shutdown(true)': (socket) => socket.shutdown(true),
  terminate: (socket) => socket.terminate(),
  close: (socket) => socket.close(),
  'pause, end': (socket) => [socket.pause(), socket.end()],
};

export default async function ({ listen, connect, target, path, main, turns }) {
  for (const kind of ['tcp', 'unix']) {
    for (const [way, leave] of Object.entries(WAYS)) {
      for (const isLater of [false, true]) {
        const log = [];
        const say = (what, error) => log.push(error ? `${what} ${error.code}` : what);
        let accepted;
        const at = kind === 'unix' ? { unix: path('s') } : { hostname: '127.0.0.1', port: 0 };
        const listener = listen({
          ...at,
          socket: {
            open(socket) {
              accepted = socket;
            },
            data: () => say('records'),
            close: (_, error) => say('plain close', error),
          },
        });
        const plain = await connect({ ...target(listener), socket: { data() {} } });
        while (!accepted) await turns(1);
        const secured = {
          data() {},
          handshake: (_, success) => say(`handshake ${success}`),
          end: () => say('end'),
          close: (_, error) => say('close', error),
        };
        const [, server] = accepted.upgradeTLS({ tls: identity('server-ec'), socket: secured });
        const [, client] = plain.upgradeTLS({
          tls: { ca, serverName: 'localhost' },
          socket: {
            data() {},
            handshake() {},
            open(socket) {
              if (!isLater) leave(socket);
            },
          },
        });
        if (isLater) leave(client);
        await turns(8);
        main.say(`${kind}, ${way}${isLater ? ' later' : ' in open'}:`, log.join(', '), server.readyState);
        client.terminate();
        server.terminate();
        listener.stop(true);
      }
    }
  }
}
