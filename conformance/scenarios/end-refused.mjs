// end(data) of which nothing can be sent, because the peer is gone: it does nothing, and the close comes by itself.
export default async function ({ listen, connect, actor, path }) {
  const server = actor('server');
  const client = actor('client');
  const listener = listen({ unix: path('s'), socket: server.handlers() });
  const near = await connect({ unix: path('s'), socket: client.handlers() });
  await server.seen('open');
  near.close();
  const far = server.socket;
  server.say('end', far.end('abc'), 'readyState', far.readyState, 'bytesWritten', far.bytesWritten);
  await server.seen('close');
  listener.stop(true);
}
