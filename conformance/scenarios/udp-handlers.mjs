// Handlers that throw, reject or are missing.
export default async function ({ udpSocket, actor, main, turns }) {
  const near = await udpSocket({ hostname: '127.0.0.1' });
  const run = async (label, socket) => {
    const far = await udpSocket({ hostname: '127.0.0.1', socket });
    near.send('x', far.port, '127.0.0.1');
    await turns();
    main.say(label, 'closed', far.closed);
    far.close();
  };
  const voice = actor('handler');
  const error = function (...args) {
    voice.say('error', args.length, args[0], String(this));
  };
  const throws = (text) => () => {
    throw new Error(text);
  };
  const rejects = (text) => async () => {
    throw new Error(text);
  };
  await run('throws', { data: throws('one'), error });
  await run('throws unheard', { data: throws('two') });
  await run('throws something else', { data: throws('three'), error: throws('four') });
  await run('rejects', { data: rejects('five'), error });
  await run('rejects unheard', { data: rejects('six') });
  await run('returns an error', { data: () => new Error('seven'), error });
  await run('no data handler', { error });
  await run('null', { data: null, drain: null, error: null });
  await run('no handlers', undefined);
  await run('closes', { data: (socket) => socket.close() });
  near.close();
}
