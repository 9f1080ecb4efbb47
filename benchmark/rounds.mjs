// One measure: all servers, in rounds, each round in a new random order.
import { setTimeout as delay } from 'node:timers/promises';
import { runLoad } from './load.mjs';
import { quiet, residentMemory } from './machine.mjs';
import { Server, takesPart } from './server.mjs';
import { shuffled } from './statistics.mjs';

/** Cores that others may use during a measurement before it is thrown away. */
export const foreignLimit = 0.25;
/** What one measure may spend, in milliseconds, on waiting for others to become quiet. */
const patienceOfMeasure = 60_000;
/** An idle server takes a while to give memory back; so long we wait before and after. */
const settle = { before: 500, after: 1_500 };
const memoryRounds = 3;

/**
 * @typedef {object} Sample one server in one round
 * @property {number} value
 * @property {number} [p50] microseconds
 * @property {number} [p99]
 * @property {number} [mainCpu] microseconds of the JavaScript thread per message, MB, ...
 * @property {number} [otherCpu] of all other threads
 * @property {number} [delay99] milliseconds
 * @property {number} [foreign] cores used by other processes
 * @property {number} [errors]
 *
 * @param {import('./measures.mjs').Measure} measure
 * @param {object} options
 * @param {string[]} options.servers
 * @param {import('./server.mjs').Programs} options.programs
 * @param {number} options.rounds
 * @param {number} options.seconds
 * @param {number} options.warmup
 * @param {number} options.tries of one sample, when others are busy on the machine
 * @param {string} options.nodeVersion
 * @param {(round: number) => void} options.onRound
 * @param {(text: string) => void} options.warn
 * @returns {Promise<Record<string, (Sample | undefined)[]>>} by server, then by round
 */
export async function runMeasure(measure, options) {
  const names = options.servers.filter((name) => takesPart(name, measure, options.nodeVersion));
  return measure.figure.kind === 'memory' ? memory(measure, names, options) : speed(measure, names, options);
}

async function speed(measure, names, { programs, rounds, seconds, warmup, tries, onRound, warn }) {
  const servers = [];
  const samples = {};
  const patience = { left: patienceOfMeasure };
  try {
    for (const name of names) {
      try {
        servers.push(await Server.start(name, measure, programs));
        samples[name] = Array(rounds);
      } catch (error) {
        warn(error.message);
      }
    }
    const words = [...measure.load, '--seconds', String(seconds), '--warmup', String(warmup)];
    // Round -1 warms everything up, just-in-time compilers above all, and is not kept.
    for (let round = -1; round < rounds; round += 1) {
      onRound(round);
      for (const server of shuffled(servers)) {
        if (!server.running) continue;
        const sample = await undisturbed(() => once(measure, server, programs, words), round < 0 ? 1 : tries, patience);
        if (sample === undefined) warn(`no result from ${server.name} in ${measure.name}`);
        else if (round >= 0) samples[server.name][round] = sample;
        // A server that stands still would otherwise look like a slow one.
        if (sample?.value === 0 && measure.figure.better === 'more')
          warn(`${server.name} did nothing in ${measure.name}`);
      }
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  return samples;
}

/** Tries again while somebody else is busy on the machine; keeps the quietest try. */
async function undisturbed(run, tries, patience) {
  let best;
  for (let attempt = 0; attempt < tries && (attempt === 0 || patience.left > 0); attempt += 1) {
    if (attempt > 0) {
      const from = performance.now();
      await quiet({ patience: Math.min(10_000, patience.left) });
      patience.left -= performance.now() - from;
    }
    const sample = await run();
    if (sample === undefined) return best;
    if (best === undefined || sample.foreign < best.foreign) best = sample;
    if (best.foreign <= foreignLimit) break;
  }
  return best;
}

/** @returns {Promise<Sample | undefined>} */
async function once({ figure }, server, programs, words) {
  server.reset();
  const result = await runLoad(
    programs.loadGenerator,
    [...words, '--port', String(server.port), '--server-pid', String(server.pid)],
    () => server.measuring(),
  );
  if (result === undefined) return undefined;
  const counters = await server.report();
  if (counters === undefined) return undefined;
  const measured = {
    rate: { count: result.count, value: result.rate },
    received: { count: counters.datagrams, value: counters.datagrams / counters.seconds },
    loss: { count: counters.datagrams, value: 1 - counters.datagrams / result.count },
  }[figure.kind];
  const perUnit = (cpu) => (cpu * 1e6 * figure.costScale) / measured.count;
  const used = result.server_main_cpu + result.server_others_cpu + result.own_cpu;
  return {
    value: measured.value / figure.scale,
    p50: result.p50_us,
    p99: result.p99_us,
    p999: result.p999_us,
    mainCpu: perUnit(result.server_main_cpu),
    otherCpu: perUnit(result.server_others_cpu),
    delay50: counters.delay_p50_ms,
    delay99: counters.delay_p99_ms,
    delayMax: counters.delay_max_ms,
    errors: result.errors,
    foreign: Math.max(0, (result.busy_cpu - used) / result.seconds),
  };
}

/** A new process for every sample: memory that was used once stays. */
async function memory(measure, names, { programs, rounds, onRound, warn }) {
  const connections = Number(measure.load[measure.load.indexOf('--connections') + 1]);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < Math.min(rounds, memoryRounds); round += 1) {
    onRound(round);
    for (const name of shuffled(names)) {
      let server;
      try {
        server = await Server.start(name, measure, programs);
        await delay(settle.before);
        const before = residentMemory(server.pid);
        let after = NaN;
        const held = (settle.after + 500) / 1000;
        const result = await runLoad(
          programs.loadGenerator,
          [...measure.load, '--port', String(server.port), '--seconds', String(held)],
          async () => {
            await delay(settle.after);
            after = residentMemory(server.pid);
          },
        );
        if (result?.count === connections) {
          samples[name][round] = { value: (after - before) / connections / measure.figure.scale };
        } else warn(`no result from ${name} in ${measure.name}`);
      } catch (error) {
        warn(error.message);
      } finally {
        await server?.stop();
      }
    }
  }
  return samples;
}
