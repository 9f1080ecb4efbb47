// Spellings of addresses, dual stack, and what each end sees.
export default async function ({ listen, connect, main, actor, standIn }) {
  for (const [i, hostname] of ['127.1', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1'].entries()) {
    const name = `server ${hostname}`;
    const listener = listen({ hostname, port: 0, socket: actor(name).handlers() });
    standIn(listener.port, `port ${i}`);
    main.say(hostname, 'is', listener.hostname);
    const target = hostname === '::1' ? '::1' : '127.0.0.1';
    const near = await connect({ hostname: target, port: listener.port, socket: actor(`client ${i}`).handlers() });
    await actor(name).seen('open');
    const far = actor(name).socket;
    main.say('near', near.localFamily, near.localAddress, near.remoteFamily, near.remoteAddress, near.remotePort);
    main.say('far', far.localFamily, far.localAddress, far.localPort, far.remoteFamily, far.remoteAddress);
    near.close();
    await actor(name).seen('close');
    listener.stop(true);
  }
  // Which of its addresses `localhost` is, says the machine's hosts file.
  for (const hostname of ['localhost', 'LOCALHOST']) {
    const listener = listen({ hostname, port: 0, socket: { data() {} } });
    const { port } = listener;
    const near = await connect({ hostname, port, socket: { data() {} } });
    main.say(listener.hostname, ['127.0.0.1', '::1'].includes(near.remoteAddress));
    near.terminate();
    listener.stop(true);
  }
  const only = listen({ hostname: '::', port: 0, ipv6Only: true, socket: { data() {} } });
  await main.settle('IPv4 to ipv6Only', () =>
    connect({ hostname: '127.0.0.1', port: only.port, socket: { data() {} } }),
  );
  only.stop();
}
