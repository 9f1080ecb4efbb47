// A peer resets the connection while a short write waits for room: the close is told, and no room.
export default async function ({ listen, connect, actor, path }) {
  for (const where of [{ hostname: '127.0.0.1', port: 0 }, { unix: path('s') }]) {
    const kind = where.unix === undefined ? 'tcp' : 'unix';
    const server = actor(`server, ${kind}`);
    const client = actor(`client, ${kind}`);
    const listener = listen({ ...where, socket: server.handlers() });
    const to = where.unix === undefined ? { ...where, port: listener.port } : where;
    const near = await connect({ ...to, socket: client.handlers({}, { also: ['drain'] }) });
    await server.seen('open');
    server.socket.pause();
    const chunk = new Uint8Array(1024 * 1024);
    let written = chunk.length;
    for (let i = 0; i < 64 && written === chunk.length; i++) written = near.write(chunk);
    client.say('short', written < chunk.length);
    server.socket.terminate();
    await client.seen('close');
    listener.stop(true);
  }
}
