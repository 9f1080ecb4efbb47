// Every event has exact memory of its own, which stays as it is.
export default async function ({ pair, main, actor }) {
  const kept = [];
  const { listener, near } = await pair({
    server: { socket: actor('server').handlers({ data: (_, data) => kept.push(data) }, { silent: ['data'] }) },
  });
  for (const [i, size] of [1, 64, 65, 1000, 70_000].entries()) {
    const before = actor('server').bytes;
    near.write(Buffer.alloc(size, 97 + i));
    await actor('server').seen(() => actor('server').bytes === before + size);
  }
  const exact = kept.every((data) => data.byteOffset === 0 && data.buffer.byteLength === data.length);
  main.say('exact memory', exact, 'own memory', new Set(kept.map((data) => data.buffer)).size === kept.length);
  kept[0].fill(120);
  main.say('the others', kept[1][0], Buffer.concat(kept.slice(1)).includes(120));
  structuredClone(kept.at(-1), { transfer: [kept.at(-1).buffer] });
  near.write('after a transfer');
  await actor('server').seen(() => kept.at(-1).toString() === 'after a transfer');
  near.end();
  await actor('server').seen('close');
  listener.stop(true);
}
