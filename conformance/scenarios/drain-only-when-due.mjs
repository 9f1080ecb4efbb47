// drain comes after a short write and never without one.
export default async function ({ raw, connect, main, actor, turns }) {
  const peer = raw('peer', { paused: true, count: true });
  const client = actor('client');
  const near = await connect({
    hostname: '127.0.0.1',
    port: await peer.port(),
    socket: client.handlers({}, { also: ['drain'] }),
  });
  await peer.seen('accepted');
  near.write('small');
  await turns(10);
  main.say('after a small write', client.count('drain'));
  const chunk = new Uint8Array(1024 * 1024);
  while (near.write(chunk) === chunk.length);
  main.say('full', client.count('drain'));
  peer.resume();
  await client.seen('drain');
  await turns(20);
  main.say('drains', client.count('drain'));
  near.close();
  await peer.seen('close');
  await peer.leave();
}
