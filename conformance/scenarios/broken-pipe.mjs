// Writing to a peer that has closed its socket: what comes first, the end or the failure, and which failure it is.
export default async function ({ listen, connect, actor, turns }) {
  const much = new Uint8Array(8 << 20);
  for (const allowHalfOpen of [false, true]) {
    for (const [name, program] of Object.entries({
      'much at once': async (far, near) => {
        far.close();
        await turns(10);
        if (near.readyState === 1) near.write(much);
      },
      'much at once, paused': async (far, near) => {
        near.pause();
        far.close();
        await turns(10);
        near.write(much);
      },
      'little, twice': async (far, near) => {
        far.close();
        await turns(10);
        if (near.readyState === 1) near.write('a');
        if (near.readyState === 1) near.write('b');
      },
      'in the end handler, after a reset, paused': async (far, near) => {
        near.pause();
        far.pause();
        near.write('unread');
        far.shutdown();
        await turns(10);
        far.terminate();
      },
    })) {
      const title = `${name}, ${allowHalfOpen ? 'half open' : 'not half open'}`;
      const client = actor(title);
      const server = actor(`server, ${title}`);
      const listener = listen({
        ...{ hostname: '127.0.0.1', port: 0, allowHalfOpen: true },
        socket: server.handlers({}, { silent: ['open', 'data', 'end', 'close'] }),
      });
      const inEnd = name.startsWith('in the end') ? { end: (socket) => client.say('wrote', socket.write('late')) } : {};
      const near = await connect({
        ...{ hostname: '127.0.0.1', port: listener.port, allowHalfOpen },
        socket: client.handlers(inEnd),
      });
      await server.seen('open');
      await program(server.socket, near);
      await client.seen('close');
      listener.stop(true);
    }
  }
}
