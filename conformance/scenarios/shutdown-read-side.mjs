// shutdown(true): an end event here, nothing on the wire.
export default async function ({ raw, connect, main, actor, turns }) {
  for (const [argument, allowHalfOpen] of [
    [true, false],
    [true, true],
    [1, false],
    ['x', true],
  ]) {
    const label = `${JSON.stringify(argument)} ${allowHalfOpen}`;
    const peer = raw(`peer ${label}`, { allowHalfOpen: true });
    const client = actor(`client ${label}`);
    const near = await connect({
      hostname: '127.0.0.1',
      port: await peer.port(),
      allowHalfOpen,
      socket: client.handlers(),
    });
    await peer.seen('accepted');
    main.say(label, 'returned', near.shutdown(argument));
    await client.seen('end');
    if (allowHalfOpen) {
      main.say('open', near.readyState, 'write', near.write('still writes'));
      peer.write('too late');
      await peer.actor.seen('data');
      await turns(3);
      near.close();
    } else {
      await peer.seen('end');
      peer.end();
    }
    await client.seen('close');
    await peer.seen('close');
    await peer.leave();
  }
}
