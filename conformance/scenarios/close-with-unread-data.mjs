// Closing while unread bytes wait makes the kernel send a reset.
export default async function ({ raw, connect, actor, turns }) {
  for (const way of ['close', 'end']) {
    const peer = raw(`peer of ${way}`, {});
    const client = actor(`client ${way}`);
    const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: client.handlers() });
    near.pause();
    await peer.seen('accepted');
    peer.write('never read');
    await turns(20);
    near[way]();
    await peer.seen('close');
    await peer.leave();
  }
}
