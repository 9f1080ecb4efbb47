// pause() inside open and inside data.
export default async function ({ raw, connect, main, actor, turns }) {
  const peer = raw('peer', {});
  const client = actor('client');
  const near = await connect({
    hostname: '127.0.0.1',
    port: await peer.port(),
    socket: client.handlers({ open: (s) => s.pause(), data: (s) => s.pause() }, { silent: ['data'] }),
  });
  peer.fill(2_000_000);
  await turns(20);
  main.say('after open', client.count('data'));
  for (let i = 1; i <= 3; i++) {
    near.resume();
    await client.seen('data', i);
    await turns(5);
    main.say('resume', i, 'data events', client.count('data'));
  }
  near.close();
  main.say('closed while paused', client.count('close'));
  await peer.seen('close');
  await peer.leave();
}
