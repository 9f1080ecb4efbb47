// Each way to close, as seen by the handlers, by the caller and by a third party on the wire.
export default async function ({ raw, connect, main, actor }) {
  const ways = {
    'end()': (s) => s.end(),
    'end(text)': (s) => s.end('last words'),
    'end(undefined)': (s) => s.end(undefined),
    'close()': (s) => s.close(),
    dispose: (s) => s[Symbol.dispose](),
    'terminate()': (s) => s.terminate(),
    'shutdown()': (s) => s.shutdown(),
    'write then close()': (s) => {
      s.write('written');
      return s.close();
    },
  };
  for (const [way, leave] of Object.entries(ways)) {
    const peer = raw(`peer of ${way}`, {});
    const client = actor(`client ${way}`);
    const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: client.handlers() });
    await peer.seen('accepted');
    main.say(way, 'returned', leave(near), 'readyState', near.readyState, 'closed inside', client.count('close') === 1);
    await peer.seen('close');
    await client.seen('close');
    await peer.leave();
  }
}
