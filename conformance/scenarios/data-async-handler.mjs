// An async handler is not waited for.
export default async function ({ pair, main, actor }) {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const { listener, near } = await pair({
    server: {
      handlers: {
        async data(_, data) {
          await held;
          main.say('went on with', data);
        },
      },
    },
  });
  near.write('1');
  await actor('server').seen('data', 1);
  near.write('2');
  await actor('server').seen('data', 2);
  release();
  near.end();
  await actor('server').seen('close');
  listener.stop(true);
}
