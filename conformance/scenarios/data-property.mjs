// `data` is handed on by reference, at accept time, and lives on after close.
export default async function ({ serve, dial, main, actor }) {
  const first = { name: 'first' };
  const second = { name: 'second' };
  const listener = serve('server', { data: first });
  main.say('listener', listener.data === first);
  const a = await dial('a', listener);
  await actor('server').seen('open', 1);
  listener.data = second;
  const b = await dial('b', listener, { data: 7 });
  await actor('server').seen('open', 2);
  const [farA, farB] = actor('server').sockets;
  main.say('accepted', farA.data === first, farB.data === second);
  main.say('clients', a.data, b.data);
  farA.data = 'own';
  main.say('only that one', farA.data, farB.data, listener.data);
  a.close();
  await actor('server').seen('close');
  main.say('after close', farA.data, a.data);
  a.data = 'set after close';
  main.say('set', a.data);
  b.close();
  listener.stop(true);
  main.say('after stop', listener.data);
}
