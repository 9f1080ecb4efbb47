// A connection that still waits in the backlog when the listener stops.
export default async function ({ serve, connect, main, actor }) {
  const listener = serve('server');
  const promise = connect({ hostname: '127.0.0.1', port: listener.port, socket: actor('client').handlers() });
  listener.stop();
  await main.settle('connect', () => promise);
}
