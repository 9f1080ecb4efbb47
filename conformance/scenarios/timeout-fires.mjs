// timeout(n) fires once and leaves the socket open.
export default async function ({ pair, main, actor }) {
  const { listener, near } = await pair({ client: { socket: actor('client').handlers({}, { also: ['timeout'] }) } });
  main.say('returns', near.timeout(1));
  const started = performance.now();
  const LIMIT = 8000;
  while (actor('client').count('timeout') === 0 && performance.now() - started < LIMIT) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  main.say('fired', actor('client').count('timeout'), 'readyState', near.readyState, 'write', near.write('x'));
  near.close();
  await actor('server').seen('close');
  listener.stop(true);
}
