// close inside data: nothing that still waits is delivered.
export default async function ({ raw, connect, main, actor, turns }) {
  for (const way of ['close', 'end', 'terminate']) {
    const peer = raw(`peer of ${way}`, {});
    const client = actor(`client ${way}`);
    const near = await connect({
      hostname: '127.0.0.1',
      port: await peer.port(),
      socket: client.handlers({ data: (socket) => socket[way]() }, { silent: ['data'] }),
    });
    near.pause();
    peer.fill(2 * 1024 * 1024);
    await turns(10);
    near.resume();
    await client.seen('close');
    await turns(5);
    main.say(way, 'data events', client.count('data'));
    await peer.seen('close');
    await peer.leave();
  }
}
