// shutdown() sends the FIN only: the peer's answer still comes.
export default async function ({ raw, connect, main, actor }) {
  for (const allowHalfOpen of [false, true]) {
    const peer = raw(`peer ${allowHalfOpen}`, { allowHalfOpen: true });
    const client = actor(`client ${allowHalfOpen}`);
    const near = await connect({
      hostname: '127.0.0.1',
      port: await peer.port(),
      allowHalfOpen,
      socket: client.handlers(),
    });
    near.write('a question');
    main.say('shutdown', near.shutdown(), 'readyState', near.readyState, 'again', near.shutdown());
    main.say('write', near.write('x'), near.write(''), near.write());
    main.attempt('write null', () => near.write(null));
    await peer.seen('end');
    peer.write('an answer');
    await client.seen('data');
    peer.end();
    await client.seen('close');
    await peer.leave();
  }
}
