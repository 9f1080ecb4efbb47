// Every binaryType, and what the handler then gets.
export default async function ({ listen, main, serve, dial, actor }) {
  const make = (binaryType) => listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, binaryType } });
  for (const type of ['arraybuffer', 'buffer', 'uint8array', 'ArrayBuffer', 'Buffer', undefined]) {
    main.attempt(`${type}`, () => make(type).stop());
  }
  for (const type of ['nodebuffer', 'blob', '', null, 5, {}, true])
    main.attempt(JSON.stringify(type), () => make(type).stop());
  for (const type of ['arraybuffer', 'buffer', 'uint8array', undefined]) {
    const name = `server ${type}`;
    const listener = serve(name, { socket: { ...actor(name).handlers(), binaryType: type } });
    const near = await dial('client', listener);
    near.end('some bytes');
    await actor(name).seen('close');
    listener.stop(true);
  }
}
