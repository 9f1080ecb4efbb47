// Everything write accepts, and what is on the wire then.
export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', {});
  const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: actor('client').handlers() });
  const bytes = new Uint8Array([65, 66, 67, 68, 69, 70, 71, 72]);
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([120, 121, 122]);
  const kinds = {
    string: 'plain',
    'string with umlaut': 'grün',
    'lone surrogate': 'a\ud800b',
    'String object': new String('object'),
    Buffer: Buffer.from('buffer'),
    Uint8Array: bytes,
    'part of a Uint8Array': bytes.subarray(2, 4),
    Uint16Array: new Uint16Array([0x4141, 0x4242]),
    Float64Array: new Float64Array(1),
    DataView: new DataView(bytes.buffer, 1, 3),
    ArrayBuffer: bytes.buffer,
    'resizable ArrayBuffer': new ArrayBuffer(2, { maxByteLength: 4 }),
    'detached ArrayBuffer': detached,
    SharedArrayBuffer: shared,
    'view of a SharedArrayBuffer': new Uint8Array(shared, 1),
    'empty string': '',
    'empty buffer': Buffer.alloc(0),
    Blob: new Blob(['blob']),
    undefined: undefined,
  };
  let total = 0;
  for (const [kind, value] of Object.entries(kinds)) {
    const n = main.attempt(kind, () => near.write(value));
    main.attempt('mark', () => near.write('|'));
    total += n + 1;
  }
  main.attempt('nothing', () => near.write());
  await peer.actor.seen(() => peer.actor.bytes === total);
  near.end();
  await peer.seen('close');
  await peer.leave();
}
