// allowHalfOpen: writing to a peer that has closed for good.
export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', {});
  const client = actor('client');
  const near = await connect({
    hostname: '127.0.0.1',
    port: await peer.port(),
    allowHalfOpen: true,
    socket: client.handlers(),
  });
  await peer.seen('accepted');
  peer.destroy();
  await client.seen('end');
  await peer.seen('close');
  main.say('first write', near.write('into the void'), near.readyState);
  await client.seen('close');
  main.say('second write', near.write('x'));
  await peer.leave();
}
