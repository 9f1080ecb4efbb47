// What a connection costs the process that makes and accepts it: `connect` to an address and to a name, one after the other, and both ends
// closed again. On Node.js, on Bun, and with `net` as an argument for `node:net`.
import { once } from 'node:events';
import net from 'node:net';
import { connect, listen } from './api.mjs';
import { measure } from './measure.mjs';

const CALLS = 2000;

async function withUs(hostname) {
  const listener = listen({ hostname, port: 0, socket: { data() {} } });
  const dial = async () => (await connect({ hostname, port: listener.port, socket: { data() {} } })).terminate();
  return { dial, stop: () => listener.stop(true) };
}

async function withNet(host) {
  const server = net.createServer((socket) => socket.on('error', () => {})).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  const dial = async () => {
    const socket = net.connect({ host, port });
    await once(socket, 'connect');
    socket.resetAndDestroy();
  };
  return { dial, stop: () => server.close() };
}

for (const hostname of ['127.0.0.1', 'localhost']) {
  const { dial, stop } = await (process.argv[2] === 'net' ? withNet : withUs)(hostname);
  await measure(hostname, {
    samples: 6,
    calls: CALLS,
    async sample() {
      const began = performance.now();
      for (let left = CALLS; left > 0; left -= 1) await dial();
      return performance.now() - began;
    },
  });
  stop();
}
