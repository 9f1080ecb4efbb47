// Symbol.dispose is stop(true).
export default async function ({ pair, main, actor }) {
  const { listener, far } = await pair();
  main.say('returns', listener[Symbol.dispose](), 'far', far.readyState);
  await actor('client').seen('close');
  main.say('again', listener[Symbol.dispose]());
}
