// Each kind of data, each kind of memory, both kinds of socket.
export default async function ({ udpSocket, actor }) {
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([65, 66, 67]);
  const kinds = {
    string: 'caf\u00e9 \u{1f600} \ud800',
    'empty string': '',
    'String object': new String('boxed'),
    Buffer: Buffer.from('buffer'),
    'part of a Buffer': Buffer.from('0123456789').subarray(2, 5),
    'empty Buffer': Buffer.alloc(0),
    Uint8Array: new Uint8Array([1, 2, 3]).subarray(1),
    Uint8ClampedArray: new Uint8ClampedArray([1, 300]),
    Int16Array: new Int16Array([-1, 2]),
    Float64Array: new Float64Array([1.5]),
    BigInt64Array: new BigInt64Array([-2n]),
    DataView: new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
    ArrayBuffer: new Uint8Array([9, 8]).buffer,
    SharedArrayBuffer: shared,
    'over shared memory': new Uint8Array(shared, 1),
    long: 'x'.repeat(3000),
    longest: Buffer.alloc(65507, 'y'),
  };
  for (const binaryType of ['buffer', 'uint8array', 'arraybuffer']) {
    const receiver = actor(binaryType);
    const far = await udpSocket({
      hostname: '127.0.0.1',
      binaryType,
      socket: {
        data(socket, data, port, address, flags) {
          receiver.say('data', data, (data.buffer ?? data).byteLength, data.byteOffset ?? 0, address, flags);
          receiver.say(port === from.port, socket === far, this === far);
          receiver.happened('data');
        },
      },
    });
    const near = await udpSocket({ hostname: '127.0.0.1' });
    const connected = await udpSocket({ connect: { hostname: '127.0.0.1', port: far.port } });
    let from;
    let sent = 0;
    for (const [kind, data] of Object.entries(kinds)) {
      for (const socket of [near, connected]) {
        from = socket;
        const label = `${kind} ${socket === near ? 'unconnected' : 'connected'}`;
        if (socket === near) receiver.attempt(label, () => near.send(data, far.port, '127.0.0.1'));
        else receiver.attempt(label, () => connected.send(data));
        await receiver.seen('data', ++sent);
      }
    }
    for (const socket of [far, near, connected]) socket.close();
  }
}
