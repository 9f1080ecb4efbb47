// No data handler: bytes are read and dropped, the end still comes.
export default async function ({ serve, dial, actor }) {
  const listener = serve('unused', {
    socket: actor('server').handlers({}, { without: ['data'], also: ['drain'] }),
  });
  const near = await dial('client', listener);
  near.write(new Uint8Array(100_000));
  near.end('the end');
  await actor('server').seen('close');
  listener.stop(true);
}
