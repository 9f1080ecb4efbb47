// Ticks, then promise reactions, run between two handlers, also when the events arrived together.
export default async function ({ raw, connect, main, actor, turns }) {
  const peer = raw('peer', {});
  const order = [];
  const mark = (name) => {
    order.push(name);
    Promise.resolve().then(() => order.push(`microtask of ${name}`));
    process.nextTick(() => order.push(`tick of ${name}`));
  };
  const near = await connect({
    hostname: '127.0.0.1',
    port: await peer.port(),
    socket: actor('client').handlers({
      data: () => mark('data'),
      end: () => mark('end'),
      close: () => mark('close'),
    }),
  });
  near.pause();
  peer.end('bytes and FIN at once');
  await turns();
  near.resume();
  await actor('client').seen('close');
  await turns(3);
  for (const line of order) main.say(line);
  await peer.leave();
}
