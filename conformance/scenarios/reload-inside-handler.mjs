// Inside a handler reload takes effect from the next event.
export default async function ({ pair, actor }) {
  const { listener, near } = await pair({
    client: {
      handlers: {
        data(socket) {
          socket.reload({ socket: actor('second').handlers() });
        },
      },
    },
  });
  const far = actor('server').socket;
  far.write('first');
  await actor('client').seen('data');
  far.end('second');
  await actor('second').seen('close');
  near.close();
  listener.stop(true);
}
