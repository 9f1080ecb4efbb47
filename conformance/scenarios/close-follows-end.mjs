// Several peers end at once: each socket's close follows its end, before the next one's.
export default async function ({ listen, connect, main, actor }) {
  const server = actor('server');
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data() {},
      open(socket) {
        server.sockets.push(socket);
        server.happened('open');
      },
    },
  });
  const client = actor('clients');
  const seen = [];
  for (let i = 0; i < 4; i++) {
    await connect({
      hostname: '127.0.0.1',
      port: listener.port,
      socket: {
        data() {},
        end: () => void seen.push(i),
        close() {
          main.say('directly behind its end', seen.at(-1) === i);
          seen.push('close');
          client.happened('close');
        },
      },
    });
  }
  await server.seen('open', 4);
  for (const socket of server.sockets) socket.end();
  await client.seen('close', 4);
  listener.stop();
}
