// The names of this machine, and scopes of addresses: where they lead.
export default async function ({ listen, connect, main, standIn }) {
  // Bun dials all addresses at once, so that a server may see more than one connection: what it sees is left out.
  const listener = listen({ hostname: '::', port: 0, socket: { data() {} } });
  const { port } = listener;
  standIn(port, 'port');
  const names = [
    ...[
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      'a.b.localhost',
      'x.localhost.',
      '*.localhost',
      'a_b.localhost',
      '*',
    ],
    ...['localhost..', '.localhost', 'a..localhost', 'a b.localhost', 'localhost/x', '127.0.0.1.'],
    ...['::1%lo', '::1%nope', '::1%', '::1%lo%x', '[::1]', 'fe80::1%nope', '::ffff:127.0.0.1%x'],
  ];
  for (const hostname of names) {
    try {
      const socket = await connect({ hostname, port, socket: { data() {} } });
      main.say(hostname, socket.remoteAddress, socket.remoteFamily);
      socket.terminate();
    } catch (error) {
      main.say(hostname, error);
    }
  }
  listener.stop(true);
}
