// A rejected promise is an unhandled rejection, never an `error`; a returned Error is ignored outside of `open`.
export default async function ({ serve, dial, main, actor, turns }) {
  for (const event of ['open', 'data', 'end', 'close']) {
    const name = `server ${event}`;
    const listener = serve(name, {
      handlers: {
        [event]: async () => {
          throw new Error(`rejected in ${event}`);
        },
      },
    });
    const near = await dial(`client ${event}`, listener);
    near.write('x');
    await actor(name).seen('data');
    near.end();
    await actor(name).seen('close');
    await turns(2);
    listener.stop(true);
  }
  const listener = serve('server returns', {
    handlers: { data: () => new Error('returned'), end: () => new Error('returned') },
  });
  const near = await dial('client returns', listener);
  near.end('x');
  await actor('server returns').seen('close');
  main.say('errors', actor('server returns').count('error'));
  listener.stop(true);
}
