// A handler throws, no `error` handler, no uncaughtException listener: does the process go on?
export async function program({ serve, dial, main, actor }) {
  const listener = serve('unused', {
    socket: {
      data() {
        throw new Error('nobody catches this');
      },
    },
  });
  const near = await dial('client', listener);
  near.write('x');
  setTimeout(() => {
    main.say('went on');
    near.close();
    listener.stop(true);
  }, 300);
  await actor('client').seen('close');
}

export default async function ({ process: start }) {
  await start('process', 'program').exits();
}
