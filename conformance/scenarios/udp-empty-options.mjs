// The empty string counts as nothing, an empty String object as something.
export default async function ({ udpSocket, main }) {
  const one = async (label, options) => {
    let socket;
    try {
      socket = await udpSocket(options);
    } catch (error) {
      main.say(label, 'threw', error);
      return;
    }
    main.say(label, 'opens', socket.hostname, socket.binaryType);
    socket.close();
  };
  for (const [kind, empty] of [
    ['string', ''],
    ['String', new String('')],
  ]) {
    for (const name of ['hostname', 'socket', 'connect', 'flags']) await one(`${name}, ${kind}`, { [name]: empty });
    for (const name of ['data', 'drain', 'error']) await one(`${name}, ${kind}`, { socket: { [name]: empty } });
    await one(`binaryType, ${kind}`, { socket: {}, binaryType: empty });
    await one(`connect.hostname, ${kind}`, { connect: { hostname: empty, port: 5 } });
    await one(`connect.port, ${kind}`, { connect: { hostname: '127.0.0.1', port: empty } });
  }
}
