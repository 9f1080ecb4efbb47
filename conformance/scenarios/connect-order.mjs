// open, ticks, the promise, microtasks: in that order.
export default async function ({ serve, connect, main }) {
  const listener = serve('server');
  const order = [];
  const promise = connect({
    hostname: '127.0.0.1',
    port: listener.port,
    socket: {
      data() {},
      open() {
        order.push('open');
        process.nextTick(() => order.push('tick of open'));
        queueMicrotask(() => order.push('microtask of open'));
      },
    },
  }).then((socket) => {
    order.push('promise');
    return socket;
  });
  order.push('connect returned');
  const near = await promise;
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const line of order) main.say(line);
  near.close();
  listener.stop(true);
}
