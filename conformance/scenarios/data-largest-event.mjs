// No event is larger than 512 KiB.
export default async function ({ pair, main, actor }) {
  let largest = 0;
  const { listener, near } = await pair({
    server: {
      socket: actor('server').handlers(
        {
          data: (_, data) => {
            largest = Math.max(largest, data.length);
          },
        },
        { silent: ['data'] },
      ),
    },
    client: {
      socket: actor('client').handlers({ drain: (socket) => push(socket) }, { silent: ['drain'] }),
    },
  });
  const SIZE = 16 * 1024 * 1024;
  const source = Buffer.alloc(SIZE);
  let position = 0;
  const push = (socket) => {
    position += socket.write(source, position, SIZE - position);
    if (position === SIZE) socket.end();
  };
  push(near);
  await actor('server').seen('close');
  main.say('all', actor('server').bytes === SIZE, 'at most 524288', largest <= 524288);
  listener.stop(true);
}
