// localPort beside a localAddress, which may be in any spelling of inet_aton: the connection begins at that port.
export default async function ({ listen, connect, main }) {
  const nothing = { data() {} };
  const server = listen({ hostname: '127.0.0.1', port: 0, socket: nothing });
  const overIPv6 = listen({ hostname: '::1', port: 0, socket: nothing });
  // Below those from which systems choose, so that no other connection has them.
  let port = 24_000 + (process.pid % 250) * 32;
  const free = () => port++;
  const sockets = [];
  const from = async (label, listener, options) => {
    await main.settle(label, async () => {
      const near = await connect({ hostname: listener.hostname, port: listener.port, ...options, socket: nothing });
      sockets.push(near);
      return `from ${near.localAddress}, the port: ${near.localPort === options.localPort}`;
    });
  };

  const spellings = [
    '127.0.0.9',
    '127.9',
    '0x7f.9',
    '0177.0.0.9',
    '2130706441',
    '0',
    '127.0.0.9\0',
    '127.0.0.9 ',
    'localhost',
  ];
  for (const localAddress of spellings) {
    await from(JSON.stringify(localAddress), server, { localAddress, localPort: free() });
  }
  for (const localAddress of ['::1', '::1%lo', '::1%none', '0:0:0:0:0:0:0:1', '[::1]', '127.0.0.1']) {
    await from(`IPv6, ${localAddress}`, overIPv6, { localAddress, localPort: free() });
  }
  await from('no address', server, { localPort: free() });

  const own = free();
  const wrong = [`${own}`, new Number(own), BigInt(own), true, null, {}, Number.NaN, -1];
  for (const localPort of wrong) {
    await from(`${typeof localPort} for a port`, server, { localAddress: '127.0.0.1', localPort });
  }
  for (const localPort of [70_000, Number.POSITIVE_INFINITY, own + 0.9]) {
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: server.port, localAddress: '127.0.0.8', localPort, socket: nothing },
    });
    main.say(
      `${localPort === own + 0.9 ? 'a fraction' : localPort} is`,
      near.localPort === own ? 'cut' : near.localPort,
    );
    near.terminate();
  }

  const taken = { localAddress: '127.0.0.1', localPort: free() };
  await from('a free port', server, taken);
  await from('a port from which this server has a connection', server, taken);
  await from('the port of a listener', server, { localAddress: '127.0.0.1', localPort: server.port });
  for (const socket of sockets) socket.terminate();
  server.stop(true);
  overIPv6.stop(true);
}
