// end() with allowHalfOpen: does the answer to it still arrive?
export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', { allowHalfOpen: true });
  const client = actor('client');
  const near = await connect({
    hostname: '127.0.0.1',
    port: await peer.port(),
    allowHalfOpen: true,
    socket: client.handlers(),
  });
  await peer.seen('accepted');
  main.say('end', near.end('a question'), 'readyState', near.readyState, 'closed inside', client.count('close') === 1);
  main.say('write', near.write('x'));
  await peer.seen('end');
  peer.end('an answer');
  await client.seen('close');
  await peer.leave();
}
