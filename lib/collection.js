'use strict';
// Has V8 collect the memory of large events while the processor's cache still holds it.

const { performance } = require('node:perf_hooks');
const { setImmediate } = require('node:timers');
const v8 = require('node:v8');
const vm = require('node:vm');
const { isMainThread } = require('node:worker_threads');

/** Events of so many bytes count. Smaller ones save no more than the collections cost: their memory is prefetched (`src/sys/glibc.rs`). */
const LARGE = 8 * 1024;
/**
 * After so many bytes of large events their memory is collected. V8 waits for 32 MiB of it (Node.js 20 and 22) or 60 and more (24 and
 * 26), which the share of a cache that a process has often does not hold: copying to main memory takes twice as long.
 * With 8 MiB, or 20, large events that are passed on take more CPU time than with this.
 */
const CYCLE = 12 * 1024 * 1024;
/**
 * What a collection may take, in milliseconds, which is less than it saves. Without much else on the heap it takes 0.1 to 0.2; after one that
 * takes longer, the next comes so much later.
 */
const WORTH = 0.5;

const MINOR = { type: 'minor' };

// As it is now: a test runner's fake clock would say that no time passes.
const now = performance.now.bind(performance);

/** Bytes of large events until the next collection; for ever, if that is not wanted. */
let left = process.env.BUN_SOCKETS_GC === '0' ? Infinity : CYCLE;
/** V8's own function, once it is needed. @type {((options: object) => void) | undefined} */
let collect;

/**
 * Says that memory for an event is going to be made.
 * @param {number} length in bytes
 */
function expectMemory(length) {
  if (length < LARGE || (left -= length) > 0) return;
  if (collect === undefined) {
    left = Infinity;
    // Not here, where the data of an event waits, which must not be lost should it fail.
    setImmediate(prepare);
    return;
  }
  const start = now();
  collect(MINOR);
  left = CYCLE * Math.max(1, (now() - start) / WORTH);
}

function prepare() {
  collect = collectorOf();
  if (collect !== undefined) left = CYCLE;
}

/**
 * The function that V8 gives to contexts made while it is told to, and only then. The program's own contexts stay as they are.
 * @returns {((options: object) => void) | undefined} `undefined` where there is none to be had
 */
function collectorOf() {
  // Where V8's flags may not be changed any more, trying it ends the process. Node.js lets them be changed.
  if ('electron' in process.versions) return undefined;
  const exposed = fromNewContext();
  // The flag is the whole process', and a worker can be terminated before it has taken it back.
  if (exposed !== undefined || !isMainThread) return exposed;
  v8.setFlagsFromString('--expose-gc');
  try {
    return fromNewContext();
  } finally {
    v8.setFlagsFromString('--no-expose-gc');
  }
}

/** @returns {((options: object) => void) | undefined} */
function fromNewContext() {
  return vm.runInNewContext('globalThis.gc');
}

module.exports = { expectMemory };
