// reload: which handlers change, and what it refuses.
export default async function ({ udpSocket, actor, main }) {
  const receiver = actor('receiver');
  const handler = (name) => (_, data) => {
    receiver.say(name, data);
    receiver.happened('data');
  };
  const far = await udpSocket({ hostname: '127.0.0.1', binaryType: 'uint8array', socket: { data: handler('first') } });
  const near = await udpSocket({ hostname: '127.0.0.1' });
  let sent = 0;
  const reload = async (label, ...args) => {
    main.attempt(label, () => far.reload(...args));
    near.send('x', far.port, '127.0.0.1');
    await receiver.seen('data', ++sent);
  };
  await reload('none');
  for (const value of [undefined, null, 5, 'x', [], {}, { socket: null }, { socket: 5 }, { socket: { data: 5 } }]) {
    await reload(JSON.stringify(value), value);
  }
  await reload('bare handlers', { data: handler('bare') });
  await reload('wrong beside it', { port: -1, socket: { data: handler('wrong') } });
  await reload('another', { socket: { data: handler('second') } });
  await reload('only others', { socket: { error() {}, drain() {} } });
  await reload('null keeps', { socket: { data: null } });
  await reload('binaryType', { binaryType: 'arraybuffer', socket: {} });
  await reload('binaryType alone', { binaryType: 'uint8array' });
  far.close();
  main.attempt('closed', () => far.reload({ socket: { data: handler('closed') } }));
  main.attempt('closed, none', () => far.reload());
  near.close();
}
