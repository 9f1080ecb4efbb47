// byteOffset and byteLength.
export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', {});
  const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: actor('client').handlers() });
  const ten = Buffer.from('0123456789');
  for (const args of [
    [ten, 0],
    [ten, 0, 3],
    [ten, 3, 4],
    [ten, 9, 1],
    [ten, 10, 0],
    [ten, 0, undefined],
    [ten, undefined, 2],
    ['zahl grün', 5, 5],
    [new Uint16Array(ten.buffer.slice(ten.byteOffset, ten.byteOffset + 10)), 1, 3],
    [ten.buffer.slice(ten.byteOffset, ten.byteOffset + 10), 4, 2],
    [ten, 11],
    [ten, 0, 11],
    [ten, 5, 6],
    [ten, -1],
    [ten, 0, -1],
    [ten, Number.NaN],
    [ten, 0.5],
    [ten, 0, Number.POSITIVE_INFINITY],
    [ten, null],
    [ten, 0, null],
    [ten, {}],
    [ten, 1n],
    [ten, 0, 1n],
  ]) {
    const label = args.slice(1).map((arg) => (typeof arg === 'bigint' ? `${arg}n` : String(arg)));
    main.attempt(`${args[0].constructor.name} ${label.join(', ')}`, () => near.write(...args));
  }
  main.attempt('end NaN', () => near.end(ten, Number.NaN));
  main.attempt('end 11', () => near.end(ten, 11));
  main.say('readyState', near.readyState);
  main.attempt('end 8, 2', () => near.end(ten, 8, 2));
  await peer.seen('close');
  await peer.leave();
}
