// Nobody listens where datagrams go, and there is an error handler.
export default async function ({ udpSocket, main, actor, standIn }) {
  const gone = await udpSocket({ hostname: '127.0.0.1' });
  const { port } = gone;
  standIn(port, 'dead');
  gone.close();
  for (const name of ['unconnected', 'connected']) {
    const sender = actor(name);
    const socket = {
      error(...args) {
        sender.say('error', args.length, args[0], this === near);
        sender.happened('error');
      },
    };
    const connect = name === 'connected' ? { hostname: '127.0.0.1', port } : undefined;
    const near = await udpSocket({ hostname: '127.0.0.1', connect, socket });
    const send = () => (connect ? near.send('x') : near.send('x', port, '127.0.0.1'));
    sender.attempt('send', send);
    await sender.seen('error');
    sender.attempt('send', send);
    sender.attempt('send while it is pending', send);
    await sender.seen('error', 2);
    sender.attempt('sendMany', () =>
      near.sendMany(connect ? ['x', 'y'] : ['x', port, '127.0.0.1', 'y', port, '127.0.0.1']),
    );
    await sender.seen('error', 3);
    sender.say('closed', near.closed);
    near.close();
  }
  main.say('done');
}
