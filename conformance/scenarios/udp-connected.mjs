// A connected socket hears its peer only.
export default async function ({ udpSocket, actor, main, standIn, turns }) {
  const receiver = actor('receiver');
  const data = (_, bytes, port, address) => {
    receiver.say('data', bytes, port, address);
    receiver.happened('data');
  };
  const peer = await udpSocket({
    hostname: '127.0.0.1',
    socket: { data: (socket, bytes, port) => socket.send(`${bytes}!`, port, '127.0.0.1') },
  });
  standIn(peer.port, 'peer');
  const stranger = await udpSocket({ hostname: '127.0.0.1', socket: { error() {} } });
  const near = await udpSocket({ connect: { hostname: '127.0.0.1', port: peer.port }, socket: { data } });
  main.attempt('a stranger', () => stranger.send('boo', near.port, '127.0.0.1'));
  main.attempt('the peer', () => near.send('hello'));
  await receiver.seen('data');
  await turns();
  main.say('events', receiver.count('data'));
  for (const socket of [peer, stranger, near]) socket.close();
}
