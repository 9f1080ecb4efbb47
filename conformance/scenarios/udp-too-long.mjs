// Datagrams longer than UDP has.
export default async function ({ udpSocket, main, actor, turns, standIn }) {
  const sender = actor('sender');
  const near = await udpSocket({
    hostname: '127.0.0.1',
    socket: { data() {}, error: (error) => sender.say('error', error) },
  });
  standIn(near.port, 'port');
  for (const length of [65507, 65508, 65527, 65535, 65536, 70000, 1_000_000]) {
    main.attempt(String(length), () => near.send(Buffer.alloc(length), near.port, '127.0.0.1'));
    await turns(5);
    sender.say('after', length);
  }
  main.attempt('a string', () => near.send('x'.repeat(600_000), near.port, '127.0.0.1'));
  main.attempt('a string of long characters', () => near.send('\u20ac'.repeat(22_000), near.port, '127.0.0.1'));
  near.close();
}
