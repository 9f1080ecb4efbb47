// The same without an `error` handler: an uncaught exception each time.
export default async function ({ serve, dial, main, actor }) {
  for (const event of ['open', 'data', 'end', 'close']) {
    const name = `server ${event}`;
    const handlers = actor(name).handlers(
      {
        [event]: () => {
          throw new Error(`from ${event}`);
        },
      },
      { without: ['error'] },
    );
    const listener = serve('unused', { socket: handlers });
    const near = await dial(`client ${event}`, listener);
    if (event === 'open') {
      await actor(name).seen('close');
    } else {
      near.write('x');
      await actor(name).seen('data');
      main.say(event, 'readyState', actor(name).socket.readyState);
      near.end();
      await actor(name).seen('close');
    }
    listener.stop(true);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
