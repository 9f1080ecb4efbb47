// Abstract names (Linux).
export default async function ({ listen, main, dial, serve, actor, standIn }) {
  const unix = `\0bun-sockets-conformance-${process.pid}`;
  standIn(process.pid, 'pid');
  const listener = serve('server', { unix, hostname: undefined });
  main.say('unix', listener.unix);
  main.attempt('in use', () => listen({ unix, socket: { data() {} } }));
  const near = await dial('client', listener);
  near.end('abstract');
  await actor('server').seen('close');
  listener.stop();
  main.attempt('free again', () => listen({ unix, socket: { data() {} } }).stop());
}
