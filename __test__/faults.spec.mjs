// System calls that fail or fall short under the addon, by a preloaded library: see faults/shim.c. The quick part; `npm run torture`
// goes through every case.

import test from 'ava';
import { all } from '../faults/cases.mjs';
import { COUNT, all as allOfDatagrams, judgeDatagrams } from '../faults/datagram-cases.mjs';
import { buildShim, judge, runUnder, traffic, unavailable } from '../faults/run.mjs';

const TORTURE = process.env.BUN_SOCKETS_TORTURE;

/** One of each call and error, at one moment; which moment differs from transport to transport. */
function quick(all) {
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
  const chosen = (all) => (TORTURE ? all : quick(all));
  const AT_ONCE = 4;

  /** Runs every case; `run` gives its run and the complaints about it. */
  async function each(t, cases, run) {
    t.timeout(20 * 60_000);
    let next = 0;
    let failed = 0;
    const wrong = [];
    const some = async () => {
      while (next < cases.length) {
        const one = cases[next++];
        const { calls, complaints } = await run(one);
        failed += Object.values(calls).reduce((sum, call) => sum + call.injected, 0);
        wrong.push(...complaints.map((complaint) => `${one.transport ?? one.how} ${one.faults}: ${complaint}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    t.deepEqual(wrong, []);
    t.log(`${cases.length} runs, ${failed} system calls failed or cut short`);
  }

  const streams = chosen(all);
  test.serial(`${streams.length} faults: nothing lost, nothing hangs, the right end is told`, (t) =>
    each(t, streams, async ({ transport, faults, ...expected }) => {
      const run = await traffic(shim, faults, { transport, bytes: TORTURE ? 300_000 : 100_000 });
      return { calls: run.calls, complaints: judge(run, faults, expected) };
    }),
  );

  const datagrams = chosen(allOfDatagrams);
  test.serial(
    `${datagrams.length} faults of UDP sockets: what counts as sent arrives, the program is told of the rest`,
    (t) =>
      each(t, datagrams, async (one) => {
        const { how, quiet = false, faults } = one;
        const run = await runUnder(shim, faults, 'datagrams.mjs', { how, quiet, count: COUNT });
        return { calls: run.calls, complaints: judgeDatagrams(run, one) };
      }),
  );

  test.serial('no call at all is touched without faults', async (t) => {
    const run = await traffic(shim, 'shutdown:1000000:ENOTCONN');
    t.deepEqual(judge(run, 'shutdown:1000000:ENOTCONN', { harmless: true }), [
      `nothing was injected into shutdown: ${JSON.stringify(run.calls)}`,
    ]);
    t.true(run.calls.send.made > 0 && run.calls.recv.made > 0, 'the shim does not see the calls of the addon');
  });
}
