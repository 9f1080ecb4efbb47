import { spread } from '../statistics.mjs';

/**
 * Prints the nanoseconds per call: median and quartiles of the samples.
 * @param {string} what
 * @param {object} plan
 * @param {number} [plan.samples] kept, after a third as many to warm up
 * @param {number} plan.calls per sample
 * @param {() => number | Promise<number>} plan.sample takes one: the milliseconds that `calls` calls took
 */
export async function measure(what, { samples = 300, calls, sample }) {
  const kept = [];
  for (let i = -Math.ceil(samples / 3); i < samples; i += 1) {
    const milliseconds = await sample();
    if (i >= 0) kept.push((milliseconds * 1e6) / calls);
  }
  const { median, low, high } = spread(kept);
  console.log(`${what}: ${median.toFixed(0)} ns [${low.toFixed(0)} .. ${high.toFixed(0)}]`);
}
