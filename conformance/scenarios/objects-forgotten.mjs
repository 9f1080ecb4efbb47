// Listener and sockets go on when the program drops every reference to them.
export default async function ({ listen, raw, main, turns }) {
  const port = (() =>
    listen({ hostname: '127.0.0.1', port: 0, socket: { data: (socket, data) => void socket.write(data), end() {} } })
      .port)();
  const peer = raw('peer', { connect: { host: '127.0.0.1', port } });
  await peer.seen('connected');
  for (let i = 0; i < 5; i++) {
    const waste = [];
    for (let n = 0; n < 50_000; n++) waste.push({ n });
    globalThis.gc?.();
    globalThis.Bun?.gc?.(true);
    await turns(2);
  }
  peer.write('anyone there?');
  await peer.seen('data');
  main.say('answered', peer.actor.bytes);
  peer.kill();
}
