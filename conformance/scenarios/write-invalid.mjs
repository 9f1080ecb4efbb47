// What write and end refuse; the socket stays as it was.
export default async function ({ pair, main, actor }) {
  const { listener, near } = await pair();
  const wrong = {
    null: null,
    number: 5,
    bigint: 5n,
    boolean: true,
    array: [1],
    object: { toString: () => 'x' },
    function: function named() {},
    symbol: Symbol('s'),
    date: new Date(0),
    promise: Promise.resolve(),
    'null prototype': Object.create(null),
  };
  for (const [kind, value] of Object.entries(wrong)) {
    main.attempt(`write ${kind}`, () => near.write(value));
    if (value !== null) main.attempt(`end ${kind}`, () => near.end(value));
  }
  main.say('state', near.readyState, near.bytesWritten);
  near.end('fine');
  await actor('server').seen('close');
  listener.stop(true);
}
