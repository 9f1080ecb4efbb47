// Nothing listens: connectError in all its forms.
export default async function ({ serve, connect, main, actor }) {
  const gone = serve('unused');
  gone.stop();
  const attempt = async (label, connectError) => {
    const client = actor(label);
    const handlers = client.handlers({ connectError }, { without: connectError ? [] : ['connectError'] });
    await client.settle('connect', () =>
      connect({ hostname: '127.0.0.1', port: gone.port, data: label, socket: handlers }),
    );
  };
  await attempt('without');
  await attempt('plain', function (...args) {
    const [socket, error] = args;
    main.say(this === socket, args.length, Object.keys(error).sort());
    main.say(socket.data, socket.readyState, socket.write('x'), socket.end('y'), socket.remotePort);
  });
  await attempt('throws', () => {
    throw new TypeError('thrown instead');
  });
  await attempt('returns an Error', () => new RangeError('returned instead'));
  await attempt('returns a value', () => 5);
  let mine;
  const promise = connect({
    hostname: '127.0.0.1',
    port: gone.port,
    socket: {
      data() {},
      connectError: (_, error) => {
        mine = error;
      },
    },
  });
  await promise.catch((error) =>
    main.say('the same object', error === mine, 'the same code', error.code === mine.code),
  );
}
