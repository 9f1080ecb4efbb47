'use strict';
// Memory for received bytes: each event's own, exactly as long as its data, unless the program says that it does without.

const { Buffer } = require('node:buffer');
const { scratch } = require('./engine');
const { ARRAYBUFFER, BUFFER, POOLED, UINT8ARRAY } = require('./handlers');

// Node's own Buffer class, constructible: `Buffer` itself is not.
const FastBuffer = /** @type {any} */ (Buffer)[Symbol.species];

/** Up to this length, views on the scratch memory are kept: making one costs more than copying so few bytes. */
const KEPT_VIEWS = 4096;
/**
 * Up to this length a Buffer is made in one step, by copying: V8 keeps those of up to 64 bytes on its heap, and for the others
 * it saves a call into Node. Beyond, `allocUnsafeSlow` is faster on Node 20.
 */
const COPIED = 1024;

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
  if (type === BUFFER && length <= COPIED) return new FastBuffer(view(length));
  const bytes = type === POOLED ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
  bytes.set(view(length));
  return shape(bytes, type);
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
