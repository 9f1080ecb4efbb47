// reload of a client's handlers, of an accepted socket's (which are the listener's), and its errors.
export default async function ({ pair, dial, main, actor }) {
  const { listener, near, far } = await pair();
  for (const argument of [
    null,
    5,
    {},
    { data() {} },
    { socket: null },
    { socket: {} },
    { socket: { close: 5, data() {} } },
  ]) {
    main.attempt(`reload ${JSON.stringify(argument)}`, () => near.reload(argument));
  }
  main.attempt('reload()', () => near.reload());
  far.write('old handlers');
  await actor('client').seen('data');
  main.say('returns', near.reload({ socket: actor('reloaded client').handlers(), data: 'ignored' }), near.data);
  far.write('new handlers');
  await actor('reloaded client').seen('data');

  far.reload({ socket: actor('reloaded server').handlers() });
  const other = await dial('other', listener);
  await actor('reloaded server').seen('open');
  other.write('to the listener’s new handlers');
  await actor('reloaded server').seen('data');
  other.close();
  await actor('reloaded server').seen('close', 1);
  near.close();
  await actor('reloaded server').seen('close', 2);
  listener.stop(true);
}
