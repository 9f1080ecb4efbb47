// Somebody well-behaved beside hostile peers: asks one thing after the other and notes how long the answers take.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { dial } from './observe.mjs';

/**
 * Begins to ask the echo server at `target`. `finish` stops, and fails the test unless every answer came, in order, and none of them,
 * and no turn of the loop, took longer than `limit` milliseconds.
 */
export async function bystander(t, target, options = {}, limit = 2000) {
  let asked = 0;
  let answer;
  let text = '';
  let slowest = 0;
  let stopping = false;
  const { socket, observer } = await dial(
    t,
    target,
    {
      data(_, data) {
        text += data;
        if (text === `question ${asked}.`) answer();
      },
      ...options.handlers,
    },
    options.options,
  );
  // Nothing can be written before the handshake is over, which `drain` tells.
  if (options.options?.tls !== undefined) await observer.seen('drain');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const before = process.memoryUsage().rss;
  const asking = (async () => {
    while (!stopping) {
      const from = performance.now();
      text = '';
      asked++;
      const answered = new Promise((resolve) => {
        answer = resolve;
      });
      socket.write(`question ${asked}.`);
      await Promise.race([answered, observer.seen('close').then(() => Promise.reject(new Error('cut off')))]);
      slowest = Math.max(slowest, performance.now() - from);
      await new Promise(setImmediate);
    }
  })();
  asking.catch(() => {}); // told by `finish`
  return {
    get asked() {
      return asked;
    },
    async finish() {
      stopping = true;
      await asking;
      delay.disable();
      const report = {
        asked,
        slowest: Math.round(slowest),
        loop: Math.round(delay.max / 1e6),
        rss: Math.round((process.memoryUsage().rss - before) / (1 << 20)),
      };
      t.log(
        `bystander: ${asked} answers, slowest ${report.slowest} ms; loop held up ${report.loop} ms at most; RSS +${report.rss} MiB`,
      );
      t.true(slowest < limit, `an answer took ${slowest} ms`);
      t.true(delay.max / 1e6 < limit, `the loop was held up for ${delay.max / 1e6} ms`);
      t.is(observer.count('close'), 0);
      return report;
    },
  };
}
