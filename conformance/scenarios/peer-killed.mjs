// A peer process that is killed looks like an orderly end.
export default async function ({ raw, connect, actor }) {
  const peer = raw('peer', {});
  const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: actor('client').handlers() });
  near.write('hello');
  await peer.actor.seen('data');
  peer.kill();
  await actor('client').seen('close');
}
