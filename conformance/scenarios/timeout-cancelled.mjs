// timeout(0) cancels; another call replaces.
export default async function ({ pair, main, actor }) {
  const { listener, near } = await pair({ client: { socket: actor('client').handlers({}, { also: ['timeout'] }) } });
  near.timeout(1);
  near.timeout(0);
  const far = actor('server').socket;
  far.timeout(2);
  far.timeout(600);
  await new Promise((resolve) => setTimeout(resolve, 9000));
  main.say('fired', actor('client').count('timeout'));
  near.close();
  listener.stop(true);
}
