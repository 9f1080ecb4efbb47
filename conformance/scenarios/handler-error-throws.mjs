// An `error` handler that throws itself, and one that closes.
export default async function ({ pair, main, actor, turns }) {
  const { listener, near } = await pair({
    server: {
      handlers: {
        data() {
          throw new Error('first');
        },
        error(socket, error) {
          if (actor('server').count('error') === 0) throw new Error(`second, after ${error.message}`);
          main.say('closing', socket.close());
        },
      },
    },
  });
  near.write('x');
  await actor('server').seen('error', 1);
  await turns(3);
  near.write('y');
  await actor('server').seen('close');
  await actor('client').seen('close');
  listener.stop(true);
}
