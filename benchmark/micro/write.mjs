import { connect } from './api.mjs';
import { measure } from './measure.mjs';
import { startPeer } from './peer.mjs';

/** Few enough for every kernel to keep while the peer does not read. */
const calls = 200;

/**
 * Measures `socket.write(message)`, `send` included.
 * @param {string} what
 * @param {string | Uint8Array} message ASCII, if a string
 */
export async function measureWrite(what, message) {
  const peer = await startPeer();
  const socket = await connect({ hostname: '127.0.0.1', port: peer.port, socket: { data() {} } });
  socket.setNoDelay(true);
  await measure(what, {
    calls,
    async sample() {
      let taken = 0;
      const started = performance.now();
      for (let i = 0; i < calls; i += 1) taken += socket.write(message);
      const ended = performance.now();
      if (taken !== calls * message.length) throw new Error(`the kernel took ${taken} bytes only`);
      await peer.read(taken);
      return ended - started;
    },
  });
  socket.end();
  peer.stop();
}
