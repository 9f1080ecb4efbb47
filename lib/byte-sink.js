'use strict';
// `ArrayBufferSink`: what Bun's documentation joins small writes to a socket with.

const { Buffer } = require('node:buffer');
const { types } = require('node:util');
const { coded } = require('./errors');

/** Collects bytes until they are asked for. The polyfill offers it where `Bun.ArrayBufferSink` is absent. */
class ArrayBufferSink {
  /** @type {Uint8Array[]} */ #chunks = [];
  #open = true;
  #stream = false;
  #asUint8Array = false;

  /**
   * Begins anew.
   * @param {{ asUint8Array?: boolean, highWaterMark?: number, stream?: boolean }} [options] `highWaterMark` has no effect: memory is
   *   taken as it is needed
   */
  start(options) {
    this.#chunks = [];
    this.#open = true;
    // As in Bun: where none of them is set, the earlier ones stay.
    if (!options?.stream && !options?.asUint8Array && !options?.highWaterMark) return;
    this.#stream = Boolean(options.stream);
    this.#asUint8Array = Boolean(options.asUint8Array);
  }

  /**
   * @this {ArrayBufferSink}
   * @param {unknown} chunk text, as UTF-8, or bytes, which are copied
   * @returns {number} bytes added; after `end` they are dropped, as in Bun
   * @throws {TypeError} for anything else
   */
  write(chunk) {
    if (arguments.length === 0) throw wrong('ERR_MISSING_ARGS');
    if (chunk === undefined || chunk === null) throw wrong('ERR_STREAM_NULL_VALUES');
    const bytes = copyOf(chunk);
    if (this.#open) this.#chunks.push(bytes);
    return bytes.length;
  }

  /** @returns {number | ArrayBuffer | Uint8Array} what came since the last time if `stream` was set; else 0, as in Bun */
  flush() {
    return this.#stream && this.#open ? this.#take() : 0;
  }

  /** @returns {ArrayBuffer | Uint8Array} everything that has not been flushed */
  end() {
    if (!this.#open) return new ArrayBuffer(0);
    this.#open = false;
    return this.#take();
  }

  #take() {
    const bytes = new Uint8Array(this.#chunks.reduce((total, { length }) => total + length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    return this.#asUint8Array ? bytes : bytes.buffer;
  }
}

/**
 * @param {unknown} chunk
 * @returns {Uint8Array}
 */
function copyOf(chunk) {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  if (types.isAnyArrayBuffer(chunk)) return new Uint8Array(chunk).slice();
  throw wrong('ERR_INVALID_ARG_TYPE');
}

/** @param {string} code Bun's */
function wrong(code) {
  return coded(TypeError, code, 'write() expects a string, ArrayBufferView, or ArrayBuffer');
}

module.exports = { ArrayBufferSink };
