// The other end, in a process of its own: what it does must not be in the figures. It reads and writes only when told,
// so that a write under measurement wakes nobody.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** Starts the peer. */
export async function startPeer() {
  const child = fork(fileURLToPath(import.meta.url), ['peer']);
  const [port] = await once(child, 'message');
  /** Sends an order and waits until it is carried out. */
  const order = async (...words) => {
    const done = once(child, 'message');
    child.send(words);
    await done;
  };
  return {
    /** Where the peer listens. */
    port,
    /** Has it read so many bytes from its only guest. */
    read: (bytes) => order('read', bytes),
    /** Has it open so many connections. */
    dial: (target, count) => order('dial', target, count),
    /** Tells it to write a message to each of its connections; does not wait. */
    write: (size) => child.send(['write', size]),
    stop: () => child.kill(),
  };
}

if (process.argv[2] === 'peer') {
  const connections = [];
  const server = net.createServer({ pauseOnConnect: true });
  const guestComes = once(server, 'connection');
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  const orders = {
    async read(bytes) {
      const [guest] = await guestComes;
      let left = bytes;
      guest.on('data', function take(chunk) {
        left -= chunk.length;
        if (left > 0) return;
        guest.pause();
        guest.off('data', take);
        process.send('done');
      });
      guest.resume();
    },
    async dial(port, count) {
      for (let i = 0; i < count; i += 1) {
        const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
        await once(socket, 'connect');
        connections.push(socket);
      }
      process.send('done');
    },
    write(size) {
      const message = Buffer.alloc(size, 'a');
      for (const socket of connections) socket.write(message);
    },
  };
  process.on('message', ([word, ...rest]) => orders[word](...rest));
  process.on('disconnect', () => process.exit(0));
}
