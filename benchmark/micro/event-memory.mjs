// What the memory of one `data` event costs: of its own and exactly as long, or from Node's pool of Buffers. Copying included.
import { Buffer } from 'node:buffer';
import { measure } from './measure.mjs';

const calls = 10_000;
const source = new Uint8Array(1 << 19).fill(1);
const FastBuffer = Buffer[Symbol.species];

/** Some stay alive for a while, as in a program that answers. */
const kept = new Array(16);

for (const size of [64, 65, 256, 1024, 4000, 16_384, 65_536]) {
  const view = source.subarray(0, size);
  const ways = {
    'own, one step': () => new FastBuffer(view),
    'own, two steps': () => {
      const bytes = Buffer.allocUnsafeSlow(size);
      bytes.set(view);
      return bytes;
    },
    pool: () => {
      const bytes = Buffer.allocUnsafe(size);
      bytes.set(view);
      return bytes;
    },
  };
  for (const [name, make] of Object.entries(ways)) {
    await measure(`${size} B, ${name}`, {
      samples: 60,
      calls,
      sample() {
        const started = performance.now();
        for (let i = 0; i < calls; i += 1) kept[i & 15] = make();
        return performance.now() - started;
      },
    });
  }
}
