// What was read together with a datagram whose handler closes the socket.
export default async function ({ udpSocket, actor, turns, main }) {
  const receiver = actor('receiver');
  const far = await udpSocket({
    hostname: '127.0.0.1',
    socket: {
      data(socket, data) {
        receiver.say('data', data);
        if (String(data) === '2') {
          socket.close();
          receiver.attempt('send', () => socket.send('x', 5, '127.0.0.1'));
        }
      },
    },
  });
  const near = await udpSocket({ hostname: '127.0.0.1' });
  const packets = Array.from({ length: 20 }, (_, i) => [`${i}`, far.port, '127.0.0.1']).flat();
  main.attempt('sendMany', () => near.sendMany(packets));
  await turns();
  near.close();
}
