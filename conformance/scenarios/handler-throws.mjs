// A handler that throws: `error` gets it, and only `open` costs the connection.
export default async function ({ serve, dial, main, actor }) {
  for (const event of ['open', 'data', 'end', 'close', 'drain']) {
    const name = `server ${event}`;
    const fail = () => {
      throw new Error(`from ${event}`);
    };
    const handlers = {
      [event]: fail,
      error(...args) {
        const [socket, error] = args;
        main.say(`${event}:`, this === socket, args.length, error.message, 'readyState', socket.readyState);
      },
    };
    const listener = serve(name, { handlers });
    const near = await dial(`client ${event}`, listener);
    if (event === 'drain') {
      await actor(name).seen('open');
      const far = actor(name).socket;
      near.pause();
      const chunk = new Uint8Array(1024 * 1024);
      while (far.write(chunk) === chunk.length);
      near.reload({ socket: { data() {}, close: () => actor(`client ${event}`).happened('close') } });
      near.resume();
      await actor(name).seen('drain');
      main.say('still', far.readyState);
      near.terminate();
    } else {
      near.write('x');
      if (event !== 'open') {
        await actor(name).seen('data');
        near.end();
      }
    }
    await actor(name).seen('close');
    listener.stop(true);
  }
}
