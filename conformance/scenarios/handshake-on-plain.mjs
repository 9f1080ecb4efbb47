// A handshake handler on a plain connection is never called.
export default async function ({ serve, dial, main, actor }) {
  const handlers = { handshake: () => main.say('handshake') };
  const listener = serve('server', { handlers });
  const near = await dial('client', listener, { handlers });
  near.end('plain');
  await actor('server').seen('close');
  listener.stop(true);
}
