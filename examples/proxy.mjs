// A TCP proxy. Whatever one side does not take makes the other side wait: memory stays flat, however large the transfer is.
//
//   node examples/proxy.mjs 8080 example.org 80
//
// Without arguments it puts itself in front of a slow server of its own and sends 64 MiB through.

import { connect, listen } from 'bun-sockets';

/** Half a connection: what its peer has sent and it has not taken yet. At most one event's data, since the peer waits meanwhile. */
class Side {
  peer = undefined;
  unsent = undefined;
  ended = false;
}

/** Passes a piece on; if it is not taken whole, its sender must wait. */
function pass(from, data) {
  const { peer } = from.data;
  const taken = peer.write(data);
  if (taken < 0 || taken === data.length) return;
  peer.data.unsent = data.subarray(taken);
  mostWaiting = Math.max(mostWaiting, peer.data.unsent.length);
  from.pause();
}

let mostWaiting = 0;

const handlers = {
  data: pass,
  drain(socket) {
    const side = socket.data;
    if (side.unsent === undefined) return;
    side.unsent = side.unsent.subarray(Math.max(0, socket.write(side.unsent)));
    if (side.unsent.length > 0) return;
    side.unsent = undefined;
    side.peer.resume();
    if (side.ended) socket.shutdown();
  },
  // Each direction ends by itself, as TCP has it: the answer to a request may come after the request's end.
  end(socket) {
    const { peer } = socket.data;
    peer.data.ended = true;
    if (peer.data.unsent === undefined) peer.shutdown();
  },
  close(socket, error) {
    const { peer } = socket.data;
    if (peer === undefined) return;
    if (error) peer.terminate();
    else if (peer.data.unsent === undefined) peer.shutdown();
    else peer.data.ended = true;
  },
};

export function proxy(port, target) {
  return listen({
    hostname: '127.0.0.1',
    port,
    allowHalfOpen: true,
    socket: {
      ...handlers,
      async open(client) {
        client.data = new Side();
        client.pause(); // nobody is there yet to pass it on to
        const data = Object.assign(new Side(), { peer: client });
        try {
          client.data.peer = await connect({ ...target, allowHalfOpen: true, data, socket: handlers });
          client.resume();
        } catch (error) {
          console.error(`no way to ${target.hostname}:${target.port}: ${error.code}`);
          client.terminate();
        }
      },
    },
  });
}

/** A server that reads slowly and counts, a client that sends as fast as it is let. */
async function demonstrate() {
  const SIZE = 64 * 1024 * 1024;
  let counted = 0;
  const server = listen({
    hostname: '127.0.0.1',
    port: 0,
    allowHalfOpen: true,
    socket: {
      data(socket, data) {
        counted += data.length;
        socket.pause();
        setImmediate(() => socket.resume());
      },
      end: (socket) => void socket.end(`got ${counted} bytes`),
    },
  });
  const between = proxy(0, { hostname: '127.0.0.1', port: server.port });
  const piece = Buffer.alloc(1024 * 1024, 'x');
  let sent = 0;
  const send = (socket) => {
    while (sent < SIZE) {
      const wanted = Math.min(piece.length, SIZE - sent);
      const taken = socket.write(piece, 0, wanted);
      if (taken > 0) sent += taken;
      if (taken < wanted) return;
    }
    socket.shutdown();
  };
  await connect({
    hostname: '127.0.0.1',
    port: between.port,
    allowHalfOpen: true,
    socket: {
      open: send,
      drain: send,
      data: (_socket, data) => console.log(`sent ${sent} bytes through the proxy; the server ${data}`),
      close() {
        console.log(`at most ${Math.ceil(mostWaiting / 1024)} KiB of it waited in the proxy`);
        server.stop();
        between.stop();
      },
    },
  });
}

const [port, hostname, targetPort] = process.argv.slice(2);
if (port === undefined) await demonstrate();
else console.log(`listening on port ${proxy(Number(port), { hostname, port: Number(targetPort) }).port}`);
