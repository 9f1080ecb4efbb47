// "*" is every address to those who bind, and this machine to those who connect.
export default async function ({ listen, connect, udpSocket, main }) {
  const nothing = { data() {} };
  const server = listen({ hostname: '*', port: 0, socket: nothing });
  main.say('listens at', server.hostname);
  for (const hostname of ['127.0.0.1', '::1', '*']) {
    const near = await connect({ hostname, port: server.port, socket: nothing });
    main.say(hostname, 'is', hostname === '*' ? ['127.0.0.1', '::1'].includes(near.remoteAddress) : near.remoteAddress);
    near.terminate();
  }
  const socket = await udpSocket({ hostname: '*' });
  main.say('UDP', socket.hostname, socket.address.address, socket.address.family);
  socket.close();
  server.stop(true);
}
