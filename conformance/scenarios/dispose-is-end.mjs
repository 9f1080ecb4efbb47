// A socket's [Symbol.dispose] is `end` by another name.
export default async function ({ listen, connect, main, actor }) {
  const server = actor('server');
  const client = actor('client');
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: server.handlers() });
  const near = await connect({ hostname: '127.0.0.1', port: listener.port, socket: client.handlers() });
  await server.seen('open');
  const dispose = near[Symbol.dispose];
  main.say('prototype', Object.hasOwn(dispose, 'prototype'));
  main.attempt('somebody else', () => dispose.call({ end: () => 'called' }));
  main.attempt('a number', () => near[Symbol.dispose](5));
  near.end = () => 'own end';
  main.attempt('with data', () => near[Symbol.dispose]('goodbye'));
  await Promise.all([client.seen('close'), server.seen('close')]);
  main.attempt('again', () => near[Symbol.dispose]('goodbye'));
  listener.stop();
}
