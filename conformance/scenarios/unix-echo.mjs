// An echo over a path, large enough to need back-pressure.
const SIZE = 8 * 1024 * 1024;

export default async function ({ listen, connect, main, path, actor }) {
  const pending = new Map();
  const flow = (socket) => {
    const queue = pending.get(socket);
    while (queue.length > 0) {
      const n = socket.write(queue[0]);
      if (n < queue[0].length) {
        queue[0] = queue[0].subarray(n);
        return;
      }
      queue.shift();
    }
  };
  const echo = listen({
    unix: path('echo'),
    socket: {
      open: (socket) => void pending.set(socket, []),
      data(socket, data) {
        pending.get(socket).push(data);
        flow(socket);
      },
      drain: flow,
    },
  });
  const source = Buffer.alloc(SIZE, 'pattern of seventeen');
  let sent = 0;
  let wrong = 0;
  const client = actor('client');
  const push = (socket) => {
    if (sent < SIZE) sent += socket.write(source, sent, SIZE - sent);
  };
  const near = await connect({
    unix: path('echo'),
    socket: client.handlers(
      {
        drain: push,
        data(socket, data) {
          if (source.compare(data, 0, data.length, client.bytes - data.length, client.bytes) !== 0) wrong++;
          if (client.bytes === SIZE) socket.end();
        },
      },
      { silent: ['data', 'drain'] },
    ),
  });
  push(near);
  await client.seen('close');
  main.say('echoed', client.bytes === SIZE, 'wrong', wrong);
  echo.stop(true);
}
