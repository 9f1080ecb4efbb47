// The typed arrays that `binaryType` can name besides Uint8Array, and what it can't.
export default async function ({ udpSocket, main }) {
  const near = await udpSocket({ hostname: '127.0.0.1' });
  for (const binaryType of [
    'int8array',
    'Int16Array',
    'uint16array',
    'Int32Array',
    'uint32array',
    'Float32Array',
    'float64array',
    new String('arraybuffer'),
  ]) {
    let arrived;
    const socket = await udpSocket({
      hostname: '127.0.0.1',
      binaryType,
      socket: {
        data(_socket, data) {
          arrived(data);
        },
      },
    });
    for (const length of [0, 8, 13]) {
      const data = await new Promise((resolve) => {
        arrived = resolve;
        near.send(new Uint8Array(length).fill(7), socket.port, '127.0.0.1');
      });
      const bytes = data.buffer ?? data;
      main.say(socket.binaryType, data.constructor.name, data.byteLength, data.byteOffset, bytes.byteLength, data[0]);
    }
    socket.close();
  }
  near.close();
  for (const binaryType of ['uint8clampedarray', 'bigint64array', 'DataView', 'INT8ARRAY', {}, 5]) {
    main.attempt(String(binaryType), () => udpSocket({ hostname: '127.0.0.1', binaryType, socket: {} }));
  }
}
