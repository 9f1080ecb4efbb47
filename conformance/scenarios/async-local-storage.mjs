// Handlers run in the context of the listen, connect or reload call.
import { AsyncLocalStorage } from 'node:async_hooks';

export default async function ({ serve, dial, main, actor }) {
  const storage = new AsyncLocalStorage();
  const tell = (name) => main.say(name, storage.getStore());
  const handlers = (side) => ({
    open: () => tell(`${side} open`),
    data: () => tell(`${side} data`),
    end: () => tell(`${side} end`),
    close: () => tell(`${side} close`),
  });
  const listener = storage.run('of listen', () => serve('server', { handlers: handlers('server') }));
  const near = await storage.run('of connect', () => dial('client', listener, { handlers: handlers('client') }));
  await actor('server').seen('open');
  storage.run('of write', () => near.write('1'));
  await actor('server').seen('data');
  storage.run('of reload', () => near.reload({ socket: actor('client').handlers(handlers('reloaded')) }));
  storage.run('of the far write', () => actor('server').socket.write('2'));
  await actor('client').seen('data');
  storage.run('of end', () => near.end());
  await actor('server').seen('close');
  listener.stop(true);
}
