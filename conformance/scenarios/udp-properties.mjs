// What a UDP socket says of itself, open and closed.
export default async function ({ udpSocket, main, standIn }) {
  const names = ['hostname', 'address', 'remoteAddress', 'binaryType', 'closed'];
  const all = (label, socket) => {
    for (const name of names) main.say(label, name, socket[name]);
    const { address } = socket;
    main.say(label, 'port', socket.port === address.port, 'the same object', socket.address === address);
    main.say(label, 'fd', socket.fd >= 0);
  };
  const promise = udpSocket({ hostname: '127.0.0.1' });
  main.say(promise instanceof Promise);
  const near = await promise;
  standIn(near.port, 'near');
  const anywhere = await udpSocket({});
  standIn(anywhere.port, 'anywhere');
  const named = await udpSocket({ hostname: '127.1', port: null });
  standIn(named.port, 'named');
  const short = await udpSocket({ hostname: '127.1', port: '0' });
  standIn(short.port, 'short');
  const connected = await udpSocket({ connect: { hostname: '127.0.0.1', port: near.port } });
  standIn(connected.port, 'connected');
  for (const [label, socket] of Object.entries({ near, anywhere, named, short, connected })) {
    all(label, socket);
    main.say(label, 'close', socket.close(), socket.close());
    all(label, socket);
  }
  main.say(Object.getOwnPropertyNames(near), JSON.stringify(near), String(near));
  near.extra = 5;
  main.say(near.extra);
}
