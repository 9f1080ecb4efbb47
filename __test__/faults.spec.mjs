// System calls that fail or fall short under the addon, by a preloaded library: see faults/shim.c. The quick part; `npm run torture`
// goes through every case.

import test from 'ava';
import { all } from '../faults/cases.mjs';
import { buildShim, judge, traffic, unavailable } from '../faults/run.mjs';

const TORTURE = process.env.BUN_SOCKETS_TORTURE;

/** One of each call and error, at one moment; which moment differs from transport to transport. */
function quick() {
  const seen = new Map();
  for (const one of all) {
    const [call, , error] = one.faults.split(':');
    const name = `${call} ${error}`;
    seen.set(name, [...(seen.get(name) ?? []), one]);
  }
  return [...seen.values()].map((cases, n) => cases[n % cases.length]);
}

if (unavailable) {
  test(unavailable, (t) => t.pass());
} else {
  const shim = buildShim();
  const cases = TORTURE ? all : quick();
  const AT_ONCE = 4;

  test(`${cases.length} faults: nothing lost, nothing hangs, the right end is told`, async (t) => {
    t.timeout(20 * 60_000);
    let next = 0;
    let injected = 0;
    const wrong = [];
    const one = async () => {
      while (next < cases.length) {
        const { transport, faults, ...expected } = cases[next++];
        const run = await traffic(shim, faults, { transport, bytes: TORTURE ? 300_000 : 100_000 });
        const complaints = judge(run, faults, expected);
        injected += Object.values(run.calls).reduce((sum, call) => sum + call.injected, 0);
        wrong.push(...complaints.map((complaint) => `${transport} ${faults}: ${complaint}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    t.deepEqual(wrong, []);
    t.log(`${cases.length} runs, ${injected} system calls failed or cut short`);
  });

  test('no call at all is touched without faults', async (t) => {
    const run = await traffic(shim, 'shutdown:1000000:ENOTCONN');
    t.deepEqual(judge(run, 'shutdown:1000000:ENOTCONN', { harmless: true }), [
      `nothing was injected into shutdown: ${JSON.stringify(run.calls)}`,
    ]);
    t.true(run.calls.send.made > 0 && run.calls.recv.made > 0, 'the shim does not see the calls of the addon');
  });
}
