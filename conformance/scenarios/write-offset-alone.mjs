// An offset without a length.
export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', {});
  const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: actor('client').handlers() });
  main.attempt('write', () => near.write(Buffer.from('0123456789'), 4));
  main.attempt('write, undefined', () => near.write(Buffer.from('0123456789'), 8, undefined));
  main.attempt('string', () => near.write('0123456789', 7));
  if (main.attempt('end', () => near.end(Buffer.from('0123456789'), 6)) === undefined) near.end();
  await peer.seen('close');
  await peer.leave();
}
