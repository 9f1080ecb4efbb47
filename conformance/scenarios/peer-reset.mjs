// The peer resets: with nothing before it, with data before it, and while we are paused.
export default async function ({ raw, connect, actor, turns }) {
  for (const way of ['bare', 'after data', 'while paused', 'half open']) {
    const peer = raw(`peer, ${way}`, {});
    const client = actor(`client, ${way}`);
    const near = await connect({
      hostname: '127.0.0.1',
      port: await peer.port(),
      allowHalfOpen: way === 'half open',
      socket: client.handlers(),
    });
    await peer.seen('accepted');
    if (way === 'while paused') near.pause();
    if (way === 'after data') {
      peer.write('data first');
      await client.seen('data');
    }
    await turns(2);
    peer.reset();
    await client.seen('close');
    await peer.leave();
  }
}
