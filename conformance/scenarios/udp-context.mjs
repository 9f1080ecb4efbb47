import { AsyncLocalStorage } from 'node:async_hooks';

// The AsyncLocalStorage context of handlers, and what runs between two of them.
export default async function ({ udpSocket, actor, main }) {
  const storage = new AsyncLocalStorage();
  const receiver = actor('receiver');
  const data = (_, bytes) => {
    receiver.say('data', bytes, storage.getStore());
    queueMicrotask(() => receiver.say('microtask', bytes));
    process.nextTick(() => receiver.say('tick', bytes));
    receiver.happened('data');
  };
  const far = await storage.run('creation', () => udpSocket({ hostname: '127.0.0.1', socket: { data } }));
  const near = await udpSocket({ hostname: '127.0.0.1' });
  const send = (n) => {
    const packets = Array.from({ length: n }, (_, i) => [`${i}`, far.port, '127.0.0.1']).flat();
    return storage.run('sending', () => near.sendMany(packets));
  };
  main.say(send(3));
  await receiver.seen('data', 3);
  storage.run('others reloaded', () => far.reload({ socket: { error() {} } }));
  main.say(send(1));
  await receiver.seen('data', 4);
  storage.run('reloaded', () => far.reload({ socket: { data } }));
  main.say(send(1));
  await receiver.seen('data', 5);
  near.close();
  far.close();
}
