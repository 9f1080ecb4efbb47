// `signal`: unknown to Bun, ours ends the attempt.
export default async function ({ serve, connect, main, actor }) {
  const listener = serve('server');
  const aborted = AbortSignal.abort();
  const near = await main.settle('aborted before', () =>
    connect({ hostname: '127.0.0.1', port: listener.port, signal: aborted, socket: actor('client').handlers() }),
  );
  near?.close();
  if (near) await actor('server').seen('close');
  listener.stop(true);
}
