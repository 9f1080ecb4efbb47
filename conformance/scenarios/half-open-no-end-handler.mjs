// allowHalfOpen without an `end` handler: the peer's FIN closes the socket, also one whose handler was taken away.
const tick = () => new Promise((resolve) => setTimeout(resolve, 20));

export default async function ({ listen, raw, actor, path }) {
  for (const unix of [false, true]) {
    for (const how of ['never there', 'null', 'taken away', 'there']) {
      const server = actor(`${unix ? 'unix' : 'tcp'}, ${how}`);
      const where = unix ? { unix: path('s') } : { hostname: '127.0.0.1', port: 0 };
      const handlers = server.handlers({}, { without: how === 'never there' ? ['end'] : [] });
      if (how === 'null') handlers.end = null;
      const listener = listen({ ...where, allowHalfOpen: true, socket: handlers });
      const to = unix ? { path: path('s') } : { port: listener.port };
      const peer = raw(`peer of ${server.name}`, { listen: undefined, connect: to, allowHalfOpen: true });
      await server.seen('open');
      if (how === 'taken away') server.socket.reload({ socket: server.handlers({}, { without: ['end'] }) });
      peer.end('last words');
      if (how === 'there') {
        await server.seen('end');
        await tick();
        server.say('closed by itself', server.count('close') === 1);
        server.socket.shutdown();
      }
      await server.seen('close');
      await peer.seen('close');
      await peer.leave();
      listener.stop(true);
    }
  }
}
