// `this` and the number of arguments in every handler.
export default async function ({ serve, dial, main, actor }) {
  const seen = (name) =>
    function (...args) {
      const kinds = args.map((arg) =>
        arg === args[0] ? 'socket' : arg === undefined ? 'undefined' : arg.constructor.name,
      );
      main.say(name, 'this is the socket', this === args[0], 'arguments', kinds.join(' '));
      if (name === 'server data') throw new Error('for the error handler');
    };
  const all = (side) =>
    Object.fromEntries(
      ['open', 'data', 'end', 'close', 'error', 'drain', 'timeout'].map((name) => [name, seen(`${side} ${name}`)]),
    );
  const listener = serve('unused', { socket: { ...all('server') } });
  const near = await dial('client', listener, { handlers: { open: () => {} } });
  near.write('x');
  await actor('client').seen('open');
  near.shutdown();
  await actor('client').seen('close');
  listener.stop(true);
}
