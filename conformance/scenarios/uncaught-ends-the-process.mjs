// A handler throws, no `error` handler, no uncaughtException listener: does the process go on? On Bun that depends on whether the entry
// module has been evaluated, or waits at its top level.
export async function waiting({ serve, dial, main, actor }) {
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

export function evaluated(stage) {
  // Nobody waits for it.
  waiting(stage);
}

export default async function ({ process: start }) {
  await start('the entry module waits', 'waiting').exits();
  await start('the entry module has been evaluated', 'evaluated').exits();
}
