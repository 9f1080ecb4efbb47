// Paused: no data, no end, no close; resume gives them.
export default async function ({ raw, connect, main, actor, turns }) {
  const peer = raw('peer', {});
  const client = actor('client');
  const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: client.handlers() });
  main.say('pause', near.pause(), near.pause());
  peer.write('waits');
  await turns(20);
  main.say('while paused', client.count('data'), 'write', near.write('writing works'));
  main.say('resume', near.resume(), near.resume());
  await client.seen('data');
  near.pause();
  peer.end('the last');
  await turns(20);
  main.say('while paused again', client.count('data'), client.count('end'), client.count('close'));
  near.resume();
  await client.seen('close');
  await peer.seen('close');
  await peer.leave();
}
