// From one `data` event to the next when many sockets have a small message: receiving, making the Buffer, calling the
// handler.
import { listen } from './api.mjs';
import { measure } from './measure.mjs';
import { startPeer } from './peer.mjs';

const connections = 200;
const size = 64;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

const peer = await startPeer();
let waiting = 0;
let first = 0;
let done;
const listener = listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    data() {
      if (waiting === connections) first = performance.now();
      waiting -= 1;
      if (waiting === 0) done(performance.now() - first);
    },
  },
});
await peer.dial(listener.port, connections);
await measure('dispatch of a 64 B data event', {
  samples: 100,
  calls: connections - 1,
  async sample() {
    waiting = connections;
    const finished = new Promise((resolve) => {
      done = resolve;
    });
    peer.write(size);
    // Sent orders leave with the next turn of the loop; then this thread stands still until every message is there.
    await new Promise(setImmediate);
    Atomics.wait(sleeper, 0, 0, 20);
    return finished;
  },
});
peer.stop();
listener.stop(true);
