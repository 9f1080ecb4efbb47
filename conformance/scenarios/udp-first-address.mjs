// What is no address is refused also where nothing has been sent before.
export default async function ({ udpSocket, main }) {
  const socket = await udpSocket({ hostname: '127.0.0.1' });
  for (const address of ['', undefined, null, [], '\0']) {
    main.attempt(JSON.stringify(address), () => socket.send('x', socket.port, address));
    main.attempt(`${JSON.stringify(address)}, many`, () => socket.sendMany(['x', socket.port, address]));
  }
  socket.close();
}
