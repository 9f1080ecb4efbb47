// The peer's FIN, without and with allowHalfOpen.
export default async function ({ raw, connect, main, actor }) {
  for (const allowHalfOpen of [false, true]) {
    const peer = raw(`peer, half open ${allowHalfOpen}`, { allowHalfOpen: true });
    const client = actor(`client, half open ${allowHalfOpen}`);
    const near = await connect({
      hostname: '127.0.0.1',
      port: await peer.port(),
      allowHalfOpen,
      socket: client.handlers({
        end: (s) => client.say('in end', s.readyState, 'write', s.write('from the end handler')),
      }),
    });
    await peer.seen('accepted');
    peer.end('the peer is done');
    await client.seen('end');
    if (allowHalfOpen) {
      main.say('half open', near.readyState, near.write(' and later'), client.count('close'));
      main.say('end', near.end(), near.readyState);
    }
    await client.seen('close');
    await peer.seen('close');
    await peer.leave();
  }
}
