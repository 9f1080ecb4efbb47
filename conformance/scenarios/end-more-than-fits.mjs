// end(data) that the kernel takes only partly: how much arrives?
const SIZE = 24 * 1024 * 1024;

export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', { paused: true, count: true });
  const client = actor('client');
  const near = await connect({
    hostname: '127.0.0.1',
    port: await peer.port(),
    socket: client.handlers({}, { also: ['drain'] }),
  });
  await peer.seen('accepted');
  const returned = near.end(new Uint8Array(SIZE));
  main.say('all taken', returned === SIZE, 'something', returned > 0, 'readyState', near.readyState);
  peer.resume();
  await client.seen('close');
  await peer.seen('close');
  main.say('all arrived', peer.actor.bytes === SIZE);
  await peer.leave();
}
