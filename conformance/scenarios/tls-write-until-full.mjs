// Writes until the kernel takes no more: then nothing is taken, however little it is, until a drain tells that everything has left.
import { ca, identity } from '../lib/certificates.mjs';

const SIZES = [100, 1000, 16384, 20_000, 100_000, 3_000_000];

export default async function ({ listen, connect, target, main, path, turns }) {
  for (const kind of ['tcp', 'unix']) {
    for (const size of SIZES) {
      let [handshakes, drains, received, sent] = [0, 0, 0, 0];
      let server;
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
          data(_, { length }) {
            received += length;
          },
        },
      });
      const client = await connect({
        ...{ ...target(listener), tls: { ca, serverName: 'localhost' } },
        socket: {
          data() {},
          handshake() {
            handshakes += 1;
          },
          drain() {
            drains += 1;
          },
        },
      });
      while (handshakes < 2) await turns(1);
      await turns(5);
      server.pause();
      const data = Buffer.alloc(size);
      const write = (bytes) => {
        const count = client.write(bytes);
        sent += Math.max(count, 0);
        return count;
      };
      // What is on its way when it is full for the first time makes room in the next turns.
      for (let left = 3; left > 0; left -= 1) {
        while (write(data) === size);
        await turns(3);
      }
      drains = 0;
      while (write(data) === size);
      main.say(kind, size, 'full:', ...[1, 1, 100, 20_000, 1].map((length) => write(data.subarray(0, length))));
      server.resume();
      while (drains === 0 || received < sent) await turns(1);
      main.say(kind, size, 'drained:', drains, write(data.subarray(0, 100)));
      client.terminate();
      server.terminate();
      listener.stop(true);
    }
  }
}
