// What write took is delivered although close follows at once.
export default async function ({ raw, connect, main, actor }) {
  for (const way of ['close', 'end']) {
    const peer = raw(`peer of ${way}`, { paused: true, count: true });
    const client = actor(`client ${way}`);
    const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: client.handlers() });
    await peer.seen('accepted');
    const chunk = new Uint8Array(1024 * 1024);
    let taken = 0;
    for (;;) {
      const n = near.write(chunk);
      taken += n;
      if (n < chunk.length) break;
    }
    main.say('bytesWritten is what was taken', near.bytesWritten === taken);
    near[way]();
    peer.resume();
    await peer.seen('close');
    main.say('exactly that arrived', peer.actor.bytes === taken);
    await peer.leave();
  }
}
