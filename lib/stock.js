'use strict';
// Memory for events that has been made ahead. No event's memory is ever given to another one.

const { Buffer } = require('node:buffer');

/**
 * How many arrays are made at once, and how many bytes: so many that the allocator's lock is seldom asked for, and so few that the event
 * that needs them waits for 20 or 30 µs only, and nobody misses the memory.
 */
const MOST = 64;
const MOST_BYTES = 256 * 1024;
/** After so many events of one length in a row more of them are expected. */
const ALIKE = 16;
/** Up to this length arrays are zeroed when they are made, which fetches them into the cache in less time than they are waited for later. */
const ZEROED = 1024;

/** Buffers that no event has had yet, the oldest last. @type {Buffer[]} */
const stock = [];
/** Their length. */
let stocked = 0;
/** Another length, that of the last event which was not of this one, and how many events in a row have had it. */
let other = 0;
let alike = 0;

/**
 * A buffer with memory of its own, if events of this length have come often enough for some to be made ahead; what it holds is not specified.
 *
 * V8 frees the memory of array buffers on a thread of its own, which holds the allocator's lock for most of that time. Whoever allocates
 * meanwhile sleeps, or has to wake that thread: with events of 1 KiB it took 4 % of this thread's time, and more of the other's. Those that
 * are made in one go meet it once.
 * @param {number} length
 * @returns {Buffer | undefined}
 */
function fromStock(length) {
  // Two lengths that take turns must not give up each other's stock.
  if (length === stocked) alike = 0;
  else if (!replaces(length)) return undefined;
  if (stock.length === 0) fill();
  return stock.pop();
}

/**
 * Whether the stock is given up for one of this length, another than it has.
 * @param {number} length
 */
function replaces(length) {
  if (length !== other) {
    other = length;
    alike = 0;
  }
  if (++alike < ALIKE) return false;
  stocked = length;
  stock.length = 0;
  return true;
}

function fill() {
  for (let count = Math.min(MOST, Math.ceil(MOST_BYTES / stocked)); count > 0; count--) {
    stock.push(isZeroed(stocked) ? Buffer.alloc(stocked) : Buffer.allocUnsafeSlow(stocked));
  }
  // In the order in which they lie in memory, for whoever prefetches.
  stock.reverse();
}

/**
 * Whether buffers of this length come from the stock with their memory in the cache.
 * @param {number} length
 */
function isZeroed(length) {
  return length <= ZEROED;
}

module.exports = { fromStock, isZeroed };
