// stop(true) closes the newest connection first, whatever place an older one had before it.
export default async function ({ listen, connect, main, actor }) {
  for (const how of ['stop', 'dispose']) {
    const server = actor('server');
    let count = 0;
    const listener = listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        data() {},
        open(socket) {
          socket.data = count++;
          server.happened(`${how} open`);
        },
        close(socket) {
          main.say(how, 'close', socket.data);
          server.happened(`${how} close`);
        },
      },
    });
    const clients = [];
    const join = async () => {
      clients.push(await connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } }));
      await server.seen(`${how} open`, clients.length);
    };
    for (let i = 0; i < 5; i++) await join();
    clients[2].end();
    await server.seen(`${how} close`);
    await join();
    if (how === 'stop') listener.stop(true);
    else listener[Symbol.dispose]();
    await server.seen(`${how} close`, 6);
  }
}
