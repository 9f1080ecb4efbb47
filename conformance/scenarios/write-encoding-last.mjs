// An encoding as the fourth argument of write and end.
const CALLS = [
  ['\u00e9', undefined, undefined, 'latin1'],
  ['6869', undefined, undefined, 'hex'],
  ['\u00e9', undefined, 'latin1', 'hex'],
  ['\u00e9', 0, undefined, 'latin1'],
  ['\u00e9', undefined, 1, 'latin1'],
  [new Uint8Array([1, 2]), 0, 1, 'latin1'],
  ['hi', undefined, undefined, 'nonsense'],
  ['hi', undefined, undefined, 5],
  ['hi', undefined, undefined, {}],
  ['hi', -0, 1],
  ['hi', 0, -0],
];

export default async function ({ pair, main, actor }) {
  const { listener, near } = await pair();
  for (const args of CALLS) main.attempt(JSON.stringify(args), () => near.write(...args));
  main.attempt('end', () => near.end('\u00e9', undefined, undefined, 'latin1'));
  await actor('server').seen('close');
  main.say('length', near.write.length, near.end.length);
  listener.stop(true);
}
