// The bytes leave inside write(): the memory may be used again, and an exit right after loses nothing.
export default async function ({ pair, main, actor, raw, process: start }) {
  const { listener, near } = await pair();
  const memory = Buffer.from('first');
  near.write(memory);
  memory.fill('x');
  near.write(memory);
  near.end();
  await actor('server').seen('close');
  listener.stop(true);

  const peer = raw('peer', {});
  await start('leaving', 'writeAndExit', await peer.port()).exits();
  await peer.seen('close');
  await peer.leave();
  main.say('done');
}

export async function writeAndExit({ connect }, port) {
  const near = await connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
  near.write('written just before the exit');
  process.exit(4);
}
