// A `connectError` handler that has an error of its own: nobody has looked at the promise that gets it.
const tick = () => new Promise((resolve) => setTimeout(resolve, 20));

export default async function ({ connect, main, path }) {
  process.on('unhandledRejection', (reason) => main.say('unhandled', reason));
  for (const [label, connectError] of [
    ['returns', () => {}],
    ['returns a text', () => 'text'],
    ['returns an error', () => new Error('returned')],
    [
      'throws',
      () => {
        throw new Error('thrown');
      },
    ],
  ]) {
    main.say(label);
    connect({ unix: path('none'), socket: { data() {}, connectError } });
    await tick();
  }
  main.say('looked at');
  await main.settle('promise', () =>
    connect({ unix: path('none'), socket: { data() {}, connectError: () => new Error('returned') } }),
  );
  await tick();
}
