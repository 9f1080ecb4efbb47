// A handler that a method calls runs before the microtasks that are waiting.
export default async function ({ pair, actor, main }) {
  const order = [];
  const { listener, near } = await pair({ client: { handlers: { close: () => order.push('close handler') } } });
  queueMicrotask(() => order.push('microtask queued before close()'));
  process.nextTick(() => order.push('tick queued before close()'));
  near.close();
  order.push('close() returned');
  await actor('server').seen('close');
  for (const line of order) main.say(line);
  listener.stop(true);
}
