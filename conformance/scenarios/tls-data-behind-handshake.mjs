// What comes with the client's last words of the handshake is told together with what was behind it when they were read, and apart from what
// the server's handlers have made the client send since.
import { ca, identity } from '../lib/certificates.mjs';

const TLS_12 = 771;

export default async function ({ listen, connect, main, turns }) {
  for (const [version, limit] of Object.entries({ 'TLS 1.3': {}, 'TLS 1.2': { maxVersion: TLS_12 } })) {
    for (const [name, before, inHandshake, inDrain] of [
      ['nothing behind', ['a'], [], []],
      ['two behind', ['a', 'b', 'c'], [], []],
      ['one from the handler', ['a'], ['d'], []],
      ['two from the handler', ['a'], ['d', 'e'], []],
      ['one behind, one from the handler', ['a', 'b'], ['d'], []],
      ['one from the next handler', ['a'], [], ['f']],
      ['all of it', ['a', 'b'], ['d'], ['f']],
      ['more than one read of a handshake', ['a'.repeat(3000), 'b'.repeat(3000)], ['d'], []],
      ['a record that is larger than that', ['a'.repeat(10_000)], ['d'], []],
      ['nothing with the handshake', [], ['d'], ['f']],
    ]) {
      const told = { server: [], client: [] };
      const sockets = {};
      let handshakes = 0;
      const texts = { client: before, server: inHandshake };
      const handlers = (side) => ({
        open(socket) {
          sockets[side] = socket;
        },
        handshake() {
          handshakes += 1;
          for (const text of texts[side]) sockets.client.write(text);
        },
        drain() {
          if (side === 'server') for (const text of inDrain) sockets.client.write(text);
        },
        data: (_, data) => told[side].push(data.length > 9 ? `${data.length} bytes` : String(data)),
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
      while (handshakes < 2) await turns(1);
      await turns(20);
      main.say(`${version}, ${name}:`, told.server.join(', '));
      socket.terminate();
      listener.stop(true);
    }
  }
}
