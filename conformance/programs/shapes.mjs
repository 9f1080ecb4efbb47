// Sockets as objects: properties of one's own, JSON, keys of maps, names and classes.
const text = (value) => JSON.stringify(value);

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      console.log(this === socket, text(Object.keys(socket)), text(socket), String(socket));
      socket.extra = 5;
      console.log(text(Object.keys(socket)), socket.extra, text(socket), text({ ...socket }));
      const [map, set] = [new Map([[socket, 'in the map']]), new WeakSet([socket])];
      console.log(map.get(socket), set.has(socket), socket instanceof Object, typeof socket);
      const names = [];
      for (const name in socket) names.push(name);
      console.log(names.includes('write'), names.includes('remoteAddress'), names.includes('extra'));
      socket.end();
    },
    data() {},
  },
});
console.log(String(server), text(Object.keys(server)), text(server));
const socket = await Bun.connect({
  hostname: '127.0.0.1',
  port: server.port,
  socket: { data() {}, close: () => server.stop() },
});
const prototype = Object.getPrototypeOf(socket);
console.log(prototype[Symbol.toStringTag], Object.getPrototypeOf(prototype) === Object.prototype);
try {
  socket.readyState = 5;
  console.log('assigned');
} catch (error) {
  console.log(error.name);
}
const udp = await Bun.udpSocket({});
console.log(String(udp), text(Object.keys(udp)));
udp.close();
for (const { name, length } of [Bun.connect, Bun.listen, Bun.udpSocket]) console.log(name, length);
