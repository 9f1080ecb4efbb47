// unix wins over hostname.
export default async function ({ listen, connect, main, path, actor }) {
  const unix = path('s');
  const listener = listen({ unix, hostname: '127.0.0.1', port: 0, socket: actor('server').handlers() });
  main.say('listener', listener.unix === unix, listener.hostname, listener.port);
  const near = await connect({ unix, hostname: '203.0.113.1', port: 9, socket: actor('client').handlers() });
  near.end('over the path');
  await actor('server').seen('close');
  listener.stop(true);
}
