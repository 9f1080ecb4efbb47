// stop(true) from inside handlers of a connection that it closes.
export default async function ({ serve, dial, main, actor }) {
  for (const event of ['open', 'data']) {
    const name = `server ${event}`;
    const listener = serve(name, {
      handlers: {
        [event]: (socket) => {
          main.say(event, 'before', socket.readyState);
          listener.stop(true);
          main.say(event, 'after', socket.readyState, 'write', socket.write('x'), 'end', socket.end());
        },
      },
    });
    const near = await dial(`client ${event}`, listener);
    near.write('go');
    await actor(`client ${event}`).seen('close');
    await actor(name).seen('close');
  }
}
