// stop() ends accepting only; stop(true) afterwards closes what is left.
export default async function ({ pair, connect, main, actor }) {
  const { listener, near, far } = await pair();
  const { port } = listener;
  main.say('stop', listener.stop());
  main.say('again', listener.stop());
  await main.settle('a new connection', () => connect({ hostname: '127.0.0.1', port, socket: { data() {} } }));
  near.write('still here');
  await actor('server').seen('data');
  main.say('listener of the socket', far.listener === listener, 'fd', listener.fd);
  main.say('stop(true)', listener.stop(true));
  main.say('far', far.readyState, far.listener);
  await actor('client').seen('close');
}
