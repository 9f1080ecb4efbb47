// Nobody listens where datagrams go, and there is no error handler.
export default async function ({ udpSocket, main, actor, turns }) {
  const gone = await udpSocket({ hostname: '127.0.0.1' });
  const { port } = gone;
  gone.close();
  const receiver = actor('receiver');
  const far = await udpSocket({ hostname: '127.0.0.1', socket: receiver.receiving() });
  const near = await udpSocket({ hostname: '127.0.0.1', socket: { data() {} } });
  main.attempt('to a dead port', () => near.send('x', port, '127.0.0.1'));
  await turns();
  main.attempt('to a dead port', () => near.send('x', port, '127.0.0.1'));
  main.attempt('to a living one', () => near.send('alive', far.port, '127.0.0.1'));
  await turns();
  const connected = await udpSocket({ connect: { hostname: '127.0.0.1', port } });
  main.attempt('connected', () => connected.send('x'));
  await turns();
  // Asking for errors later is heard, too.
  near.reload({ socket: { error: (error) => main.say('error', error) } });
  main.attempt('with a handler', () => near.send('x', port, '127.0.0.1'));
  await turns();
  for (const socket of [near, far, connected]) socket.close();
}
