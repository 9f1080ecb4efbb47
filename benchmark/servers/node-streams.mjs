// What node:net and node:tls servers do with a connection. No `pipe`: it would wait for `drain`, as the Bun program does
// by hand, but costs far more on small messages; the load keeps a bounded amount on its way, so nothing piles up.
const services = {
  echo(socket) {
    socket.on('data', (chunk) => socket.write(chunk));
  },
  sink(socket) {
    socket.received = 0;
    socket.on('data', (chunk) => {
      socket.received += chunk.length;
    });
  },
  greet(socket) {
    socket.write('!');
    socket.resume();
  },
};

/** @param {keyof typeof services} service */
export function serve(service) {
  return (socket) => {
    socket.on('error', () => {});
    services[service](socket);
  };
}
