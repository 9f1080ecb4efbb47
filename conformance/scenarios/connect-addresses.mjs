// Ways to name the loopback.
export default async function ({ serve, connect, main, actor }) {
  const v4 = serve('v4');
  const v6 = serve('v6', { hostname: '::1' });
  let n = 0;
  const served = {};
  for (const [hostname, listener] of [
    ['localhost', v4],
    ['localhost', v6],
    ['127.1', v4],
    ['0.0.0.0', v4],
    ['::1', v6],
    ['[::1]', v6],
    ['::', v6],
    ['LocalHost', v4],
  ]) {
    const near = await connect({ hostname, port: listener.port, socket: actor(`client ${n++}`).handlers() });
    main.say(hostname, 'reaches', near.remoteFamily, near.remoteAddress);
    const server = actor(listener === v4 ? 'v4' : 'v6');
    near.end();
    served[server.name] = (served[server.name] ?? 0) + 1;
    await server.seen('close', served[server.name]);
  }
  await main.settle('port 0', () => connect({ hostname: '127.0.0.1', port: 0, socket: { data() {} } }));
  v4.stop(true);
  v6.stop(true);
}
