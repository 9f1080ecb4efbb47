// localAddress: a literal is bound, anything else ignored.
export default async function ({ serve, connect, main, actor }) {
  const listener = serve('server', { handlers: { open: (socket) => main.say('from', socket.remoteAddress) } });
  let n = 0;
  for (const localAddress of ['127.0.0.5', '127.0.0.1', 'localhost', 5, null, {}]) {
    const near = await connect({ hostname: '127.0.0.1', port: listener.port, localAddress, socket: { data() {} } });
    main.say(JSON.stringify(localAddress), 'is', near.localAddress);
    near.close();
    await actor('server').seen('close', ++n);
  }
  for (const localAddress of ['203.0.113.5', '::1']) {
    await main.settle(localAddress, () =>
      connect({ hostname: '127.0.0.1', port: listener.port, localAddress, socket: { data() {} } }),
    );
  }
  listener.stop(true);
}
