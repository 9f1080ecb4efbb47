// A full socket: a short count, then nothing, `drain`, and every byte in its place.
const SIZE = 40 * 1024 * 1024;

export default async function ({ pair, main, actor }) {
  const source = Buffer.alloc(SIZE);
  for (let i = 0; i < SIZE; i += 4) source.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  let position = 0;
  let wrong = 0;
  const push = (socket) => {
    position += socket.write(source, position, SIZE - position);
    return position === SIZE;
  };
  const { listener, near, far } = await pair({
    server: {
      socket: actor('server').handlers(
        {
          open: (socket) => socket.pause(),
          data(_, data) {
            const at = actor('server').bytes - data.length;
            if (source.compare(data, 0, data.length, at, at + data.length) !== 0) wrong++;
          },
        },
        { silent: ['data'] },
      ),
    },
    client: {
      socket: actor('client').handlers({ drain: (socket) => push(socket) && socket.end() }, { silent: ['drain'] }),
    },
  });
  main.say('it fits', push(near), 'written', near.bytesWritten === position, 'drains', actor('client').count('drain'));
  far.resume();
  await actor('server').seen('close');
  main.say('received', actor('server').bytes === SIZE, 'wrong', wrong, 'drained', actor('client').count('drain') > 0);
  listener.stop(true);
}
