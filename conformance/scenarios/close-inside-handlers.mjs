// Closing inside open, data and end: close runs nested, once, and nothing follows.
export default async function ({ raw, connect, main, actor, turns }) {
  for (const event of ['open', 'data', 'end']) {
    for (const way of ['close', 'end', 'terminate']) {
      const label = `${way} in ${event}`;
      const peer = raw(`peer, ${label}`, {});
      const client = actor(label);
      await connect({
        hostname: '127.0.0.1',
        port: await peer.port(),
        socket: client.handlers({
          [event](socket) {
            client.say('before', socket.readyState);
            socket[way]();
            client.say('after', socket.readyState);
          },
        }),
      });
      await peer.seen('accepted');
      if (event !== 'open') peer.end('x');
      await client.seen('close');
      await turns(2);
      main.say(label, 'closes', client.count('close'));
      await peer.leave();
    }
  }
}
