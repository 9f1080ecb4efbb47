// reload replaces every handler, for connections old and new.
export default async function ({ pair, dial, main, actor }) {
  const { listener, near } = await pair();
  for (const argument of [null, 5, {}, { data() {} }, { socket: null }, { socket: {} }, { socket: { data: 5 } }]) {
    main.attempt(`reload ${JSON.stringify(argument)}`, () => listener.reload(argument));
  }
  main.attempt('reload()', () => listener.reload());
  near.write('before');
  await actor('server').seen('data');
  main.say('returns', listener.reload({ socket: actor('second').handlers(), data: 'ignored' }), listener.data);
  near.write('after');
  await actor('second').seen('data');
  const late = await dial('late', listener);
  await actor('second').seen('open');
  late.write('of a late one');
  await actor('second').seen('data', 2);
  listener.reload({ socket: { data: (_, data) => main.say('third', data), binaryType: 'uint8array' } });
  late.end('typed');
  await actor('late').seen('close');
  near.close();
  listener.stop(true);
}
