// A proxy in front of an upstream server, as it is usually written: each socket has the other one in its data.
const MESSAGE = 'x'.repeat(3_000_000);

const upstream = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  allowHalfOpen: true,
  socket: {
    open: (socket) => (socket.data = { queue: [], ended: false }) && undefined,
    data(socket, data) {
      socket.data.queue.push(data);
      flush(socket);
    },
    end(socket) {
      socket.data.ended = true;
      flush(socket);
    },
    drain: flush,
  },
});

/** Sends what waits, then ends if the other side has. */
function flush(socket) {
  const { queue } = socket.data;
  while (queue.length > 0) {
    const wrote = socket.write(queue[0]);
    if (wrote < queue[0].length) {
      queue[0] = queue[0].subarray(Math.max(0, wrote));
      return;
    }
    queue.shift();
  }
  if (socket.data.ended) socket.shutdown();
}

const both = {
  data(socket, data) {
    socket.data.other.data.queue.push(data);
    flush(socket.data.other);
  },
  drain: flush,
  end(socket) {
    socket.data.other.data.ended = true;
    flush(socket.data.other);
  },
  // Instead of end, where this side has ended before.
  close(socket) {
    socket.data.other.data.ended = true;
    flush(socket.data.other);
  },
};
const proxy = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  allowHalfOpen: true,
  socket: {
    ...both,
    async open(socket) {
      socket.data = { queue: [], ended: false };
      socket.pause();
      const other = await Bun.connect({
        hostname: '127.0.0.1',
        port: upstream.port,
        allowHalfOpen: true,
        data: { queue: [], ended: false, other: socket },
        socket: both,
      });
      socket.data.other = other;
      socket.resume();
    },
  },
});

const results = await Promise.all(
  [1, 2, 3].map(
    (n) =>
      new Promise((resolve) => {
        let length = 0;
        const text = `${n}${MESSAGE}`;
        Bun.connect({
          hostname: '127.0.0.1',
          port: proxy.port,
          allowHalfOpen: true,
          data: { queue: [Buffer.from(text)], ended: true },
          socket: {
            open: flush,
            drain: flush,
            data: (_socket, data) => void (length += data.length),
            close: () => resolve(length === text.length),
          },
        });
      }),
  ),
);
console.log(results.join());
upstream.stop();
proxy.stop();
