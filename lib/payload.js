'use strict';
// What `write` and `end` take: any kind of data, with an offset and a length or an encoding.

const { Blob, Buffer } = require('node:buffer');
const { types } = require('node:util');
const { readBlob } = require('./blob');
const { invalidType, outOfBounds, received } = require('./errors');

/**
 * The bytes that the arguments of `write` or `end` name.
 *
 * Differs from Bun (2): with an offset and no length, the length is the rest (in Bun the whole length, which throws).
 * @param {unknown} data
 * @param {unknown} byteOffset
 * @param {unknown} byteLength
 * @param {unknown} last an encoding that follows both of them
 * @param {'write' | 'end'} method
 * @returns {Uint8Array}
 */
function bytesOf(data, byteOffset, byteLength, last, method) {
  const text = typeof data === 'string' || types.isStringObject(data) ? String(data) : undefined;
  /** @type {string | undefined} */
  let encoding;
  if (typeof byteLength === 'string') {
    if (byteOffset !== undefined) throw encodingWithRange();
    encoding = byteLength;
    byteLength = undefined;
  } else if (typeof byteOffset === 'string') {
    if (byteLength !== undefined) throw encodingWithRange();
    encoding = byteOffset;
    byteOffset = undefined;
  } else if (typeof last === 'string') {
    if (byteOffset !== undefined || byteLength !== undefined) throw encodingWithRange();
    encoding = last;
  }
  const bytes =
    text === undefined
      ? view(data)
      : Buffer.from(text, encoding === undefined ? 'utf8' : ENCODINGS.get(encoding.toLowerCase()));
  if (byteOffset === undefined && byteLength === undefined) return bytes;
  const offset = integer('byteOffset', byteOffset, 0, bytes.length, method);
  const rest = bytes.length - offset;
  return bytes.subarray(offset, offset + integer('byteLength', byteLength, rest, rest, method));
}

/** Also what a detached buffer holds, of which there can be no view. */
const NOTHING = new Uint8Array(0);

/**
 * @param {unknown} data
 * @returns {Uint8Array}
 */
function view(data) {
  const bytes = bytesBehind(data);
  if (bytes !== undefined) return types.isSharedArrayBuffer(bytes.buffer) ? private_(bytes) : bytes;
  if (isBlob(data)) return readBlob(data);
  throw invalidType(`The "data" argument must be of type string, buffer, or blob. ${received(data)}`);
}

/**
 * The bytes of a view or a buffer: none of what was detached.
 * @param {unknown} data
 * @returns {Uint8Array | undefined} undefined of anything else
 */
function bytesBehind(data) {
  if (ArrayBuffer.isView(data)) {
    return lengthOf(data) === 0 ? NOTHING : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (types.isAnyArrayBuffer(data)) return data.byteLength === 0 ? NOTHING : new Uint8Array(data);
  return undefined;
}

/**
 * Of a DataView whose buffer was detached, or has become too short, V8 does not say a length; of other views it says 0.
 * @param {ArrayBufferView} view
 */
function lengthOf(view) {
  try {
    return view.byteLength;
  } catch {
    return 0;
  }
}

/**
 * Another thread may write to shared memory while it is read here: what is sent is a copy.
 * @param {Uint8Array} bytes
 */
function private_(bytes) {
  return Uint8Array.from(bytes);
}

/**
 * @param {unknown} data
 * @returns {data is Blob}
 */
function isBlob(data) {
  return data instanceof Blob;
}

/** The names of encodings that Bun's `write` knows, in lower case; every other string means UTF-8. */
const ENCODINGS = new Map(
  /** @type {[string, BufferEncoding][]} */ ([
    ['latin1', 'latin1'],
    ['binary', 'latin1'],
    // As in Bun, ASCII is written like latin1: no bit is cut off.
    ['ascii', 'latin1'],
    ['buffer', 'latin1'],
    ['hex', 'hex'],
    ['base64', 'base64'],
    ['base64url', 'base64url'],
    ['utf16le', 'utf16le'],
    ['ucs2', 'utf16le'],
    ['ucs-2', 'utf16le'],
  ]),
);

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} fallback
 * @param {number} most
 * @param {string} method
 */
function integer(name, value, fallback, most, method) {
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || Object.is(value, -0)) {
    throw invalidType(`Expected ${name} to be a integer for 'Socket.${method}'.`);
  }
  const number = /** @type {number} */ (value);
  if (number < 0) throw outOfBounds(name, 0, Number.MAX_SAFE_INTEGER, number);
  if (number > most) throw outOfBounds(name, 0, most, number);
  return number;
}

function encodingWithRange() {
  const error = new Error(
    'Support encoding with offset and length altogether. Only either encoding or offset, length is supported, but not both combinations yet.',
  );
  error.name = 'TODOError';
  return error;
}

module.exports = { bytesBehind, bytesOf };
