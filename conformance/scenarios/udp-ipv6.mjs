// IPv6, alone and with IPv4 on one socket.
export default async function ({ udpSocket, actor, main, standIn, turns }) {
  const receiver = actor('receiver');
  const data = (_, bytes, port, address, flags) => {
    receiver.say('data', bytes, port, address, flags);
    receiver.happened('data');
  };
  const open = async (name, options) => {
    const socket = await udpSocket({ socket: { data, error: (error) => receiver.say('error', error) }, ...options });
    standIn(socket.port, name);
    main.say(name, socket.hostname, socket.address, socket.remoteAddress);
    return socket;
  };
  const six = await open('six', { hostname: '::1' });
  const both = await open('both', { hostname: '::' });
  const only = await open('only', { hostname: '::', flags: 8 });
  const four = await open('four', { hostname: '127.0.0.1' });
  let seen = 0;
  const send = async (label, from, to, address) => {
    main.attempt(label, () => from.send(label, to.port, address));
    await receiver.seen('data', ++seen);
  };
  await send('six to both', six, both, '::1');
  await send('four to both', four, both, '127.0.0.1');
  await send('both to four', both, four, '127.0.0.1');
  await send('both to four, mapped', both, four, '::ffff:127.0.0.1');
  await send('both to six', both, six, '0:0:0:0:0:0:0:1');
  main.attempt('six to four', () => six.send('x', four.port, '127.0.0.1'));
  main.attempt('four to six', () => four.send('x', six.port, '::1'));
  main.attempt('only to four', () => only.send('x', four.port, '127.0.0.1'));
  main.attempt('four to only', () => four.send('x', only.port, '127.0.0.1'));
  await turns();
  const near = await open('near', { hostname: '::', connect: { hostname: '127.0.0.1', port: four.port } });
  main.attempt('connected', () => near.send('connected'));
  await receiver.seen('data', ++seen);
  for (const socket of [six, both, only, four, near]) socket.close();
}
