// Data that is not what it looks like.
export default async function ({ udpSocket, main, actor, turns }) {
  const receiver = actor('receiver');
  const far = await udpSocket({
    hostname: '127.0.0.1',
    socket: { data: (_, data) => receiver.say('data', data) },
  });
  const near = await udpSocket({ hostname: '127.0.0.1' });
  const detached = (view) => {
    const buffer = new ArrayBuffer(8);
    const data = view(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    return data;
  };
  const shrunk = (view) => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 8 });
    const data = view(buffer);
    buffer.resize(2);
    return data;
  };
  const lying = (length) => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    for (const name of ['length', 'byteLength']) Object.defineProperty(bytes, name, { value: length });
    return bytes;
  };
  const all = {
    'detached buffer': detached((buffer) => buffer),
    'detached bytes': detached((buffer) => new Uint8Array(buffer)),
    'detached numbers': detached((buffer) => new Float64Array(buffer)),
    'detached view': detached((buffer) => new DataView(buffer)),
    'bytes of what shrank': shrunk((buffer) => new Uint8Array(buffer)),
    'bytes beyond what shrank': shrunk((buffer) => new Uint8Array(buffer, 4, 2)),
    'says that it is shorter': lying(2),
    'says that it is longer': lying(8),
    subclass: new (class extends Uint8Array {})([5, 6]),
    'only the prototype': Object.create(Uint8Array.prototype),
    proxy: new Proxy(new Uint8Array(3), {}),
  };
  for (const [label, data] of Object.entries(all)) {
    main.attempt(label, () => near.send(data, far.port, '127.0.0.1'));
    main.attempt(`${label}, many`, () => near.sendMany([data, far.port, '127.0.0.1']));
    await turns(2);
  }
  main.attempt('proxy of an array', () => near.sendMany(new Proxy(['x', far.port, '127.0.0.1'], {})));
  await turns();
  for (const socket of [near, far]) socket.close();
}
