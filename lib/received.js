'use strict';
// Memory for received bytes: each event's own, exactly as long as its data, unless the program says that it does without.

const { Buffer } = require('node:buffer');
const { expectMemory } = require('./collection');
const { copyBytes, native, scratch } = require('./engine');
const { ARRAYBUFFER, POOLED, UINT8ARRAY } = require('./handlers');
const { fromStock, isZeroed } = require('./stock');

// Node's own Buffer class, constructible: `Buffer` itself is not.
const FastBuffer = /** @type {any} */ (Buffer)[Symbol.species];

const { prefetchBehind } = native;

/** V8 keeps typed arrays of up to this length on its heap; for longer ones it asks the allocator. `src/binding/hot.rs` has the same number. */
const ON_HEAP = 64;
/**
 * Up to this length, views on the scratch memory are kept, and a Buffer is made in one step by copying one. Beyond, making a view
 * and a Buffer costs little beside the copying.
 */
const KEPT_VIEWS = 4096;
/** Up to this length it pays to prefetch memory ahead of the event. Beyond, lines that are prefetched are waited for as long as they would be later. */
const PREFETCHED = 16 * 1024;
/** Up to this length it pays to make memory ahead of the event. Plain sockets receive more without copying (`BULK` in `src/stream.rs`). */
const STOCKED = 64 * 1024;

/** Filled, so that V8 keeps it as a plain list: in one with gaps it would look lengths up by their hash. @type {(Uint8Array | undefined)[]} */
const views = new Array(KEPT_VIEWS + 1).fill(undefined);

/**
 * A view on the first bytes of the scratch memory, for copying from.
 * @param {number} length
 */
function view(length) {
  if (length > KEPT_VIEWS) return scratch.subarray(0, length);
  return (views[length] ??= scratch.subarray(0, length));
}

/**
 * A copy of the first bytes of the scratch memory.
 * @param {number} length
 * @param {number} type one of the binary types of `handlers.js`
 * @returns {Buffer | Uint8Array | ArrayBuffer}
 */
function copy(length, type) {
  expectMemory(length);
  if (type === POOLED) return fill(Buffer.allocUnsafe(length), length);
  if (length <= ON_HEAP || length > STOCKED) return shape(made(length), type);
  const ahead = fromStock(length);
  const bytes = ahead === undefined ? made(length) : fill(ahead, length);
  const isCold = ahead === undefined || !isZeroed(length);
  if (isCold && length <= PREFETCHED && prefetchBehind !== undefined) prefetchBehind(bytes);
  return shape(bytes, type);
}

/** A Buffer for this event alone, made and filled. @param {number} length @returns {Buffer} */
function made(length) {
  return length <= KEPT_VIEWS ? new FastBuffer(view(length)) : fill(Buffer.allocUnsafeSlow(length), length);
}

/**
 * @param {Buffer} bytes
 * @param {number} length theirs
 */
function fill(bytes, length) {
  copyBytes(bytes, view(length));
  return bytes;
}

/**
 * Bytes that fill their memory, in the form the program asked for.
 * @param {Buffer} bytes
 * @param {number} type
 */
function shape(bytes, type) {
  if (type === UINT8ARRAY) return new Uint8Array(bytes.buffer);
  return type === ARRAYBUFFER ? /** @type {ArrayBuffer} */ (bytes.buffer) : bytes;
}

module.exports = { copy, shape };
