// Connects to addresses and to names of this machine at the same time: the addresses first, then the names, the last one first.
export default async function ({ serve, connect, main, standIn }) {
  const listener = serve('server');
  standIn(listener.port, 'port');
  const order = [];
  const client = (hostname, name) =>
    connect({ hostname, port: listener.port, socket: { data() {}, open: () => void order.push(`open ${name}`) } }).then(
      (socket) => {
        order.push(`promise ${name}`);
        return socket;
      },
    );
  const all = () =>
    Promise.all([
      client('localhost', 'name 1'),
      client('127.0.0.1', 'address 1'),
      client('a.localhost', 'name 2'),
      client('127.0.0.1', 'address 2'),
      client('localhost', 'name 3'),
    ]);
  const sockets = await all();
  order.push('in an immediate');
  sockets.push(...(await new Promise((resolve) => setImmediate(() => resolve(all())))));
  order.push('in a handler');
  await connect({
    hostname: 'localhost',
    port: listener.port,
    socket: {
      data() {},
      open(socket) {
        order.push('open');
        socket.data = all();
      },
    },
  }).then(async (socket) => sockets.push(socket, ...(await socket.data)));
  for (const line of order) main.say(line);
  for (const socket of sockets) socket.terminate();
  listener.stop(true);
}
