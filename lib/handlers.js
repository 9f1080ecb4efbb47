'use strict';
// The handlers of a socket: read once, called in the context they were given in.

const { HandlerContext } = require('./context');
const diagnostics = require('./diagnostics');
const { native } = require('./engine');
const { invalidType, isError } = require('./errors');

const BUFFER = 0;
const UINT8ARRAY = 1;
const ARRAYBUFFER = 2;
/** A Buffer that may share its ArrayBuffer with other Buffers. */
const POOLED = 3;

/** Our own binary type, for programs that never look at `data.buffer`. */
const pooledBuffer = 'bun-sockets.pooled-buffer';

/** @type {ReadonlyMap<string, number>} */
const BINARY_TYPES = new Map([
  ['buffer', BUFFER],
  ['Buffer', BUFFER],
  ['uint8array', UINT8ARRAY],
  ['Uint8Array', UINT8ARRAY],
  ['arraybuffer', ARRAYBUFFER],
  ['ArrayBuffer', ARRAYBUFFER],
  [pooledBuffer, POOLED],
]);

/** @typedef {(this: unknown, ...args: any[]) => unknown} Handler */

/**
 * One set of handlers. A listener and all of its sockets share one object, so that `reload` reaches all of them.
 */
class Handlers {
  /** @type {Handler | undefined} */ open = undefined;
  /** @type {Handler | undefined} */ close = undefined;
  /** @type {Handler | undefined} */ error = undefined;
  /** @type {Handler | undefined} */ data = undefined;
  /** @type {Handler | undefined} */ drain = undefined;
  /** @type {Handler | undefined} */ handshake = undefined;
  /** @type {Handler | undefined} */ end = undefined;
  /** @type {Handler | undefined} */ connectError = undefined;
  /** @type {Handler | undefined} */ timeout = undefined;
  /** @type {Handler | undefined} */ session = undefined;
  /** @type {Handler | undefined} */ keylog = undefined;
  /** @type {Handler | undefined} */ serverName = undefined;
  /** @type {Handler | undefined} */ alpnCallback = undefined;
  binaryType = BUFFER;
  // Carries the AsyncLocalStorage context of the `listen`, `connect` or `reload` that brought the handlers.
  context = new HandlerContext('BunSocket');

  /**
   * Reads a `socket` option. `check` must follow, once the options beside it have been read.
   * @param {any} table
   * @throws {TypeError} as Bun does; getters' own errors come out unchanged
   */
  constructor(table) {
    if (table === null || (typeof table !== 'object' && typeof table !== 'function') || Array.isArray(table)) {
      throw invalidType('SocketHandler must be an object');
    }
    // In the order in which Bun reads them. A loop over their names takes ten times as long, and programs make connections by the thousand.
    this.open = table.open ?? undefined;
    this.close = table.close ?? undefined;
    this.error = table.error ?? undefined;
    this.data = table.data ?? undefined;
    this.drain = table.drain ?? undefined;
    this.handshake = table.handshake ?? undefined;
    this.end = table.end ?? undefined;
    this.connectError = table.connectError ?? undefined;
    this.timeout = table.timeout ?? undefined;
    this.session = table.session ?? undefined;
    this.keylog = table.keylog ?? undefined;
    this.serverName = table.serverName ?? undefined;
    this.alpnCallback = table.alpnCallback ?? undefined;
    this.binaryType = binaryType(table.binaryType);
  }

  /**
   * Checks what was read.
   * @returns {this}
   * @throws {TypeError} for a handler that is no function, or if there is neither `data` nor `drain`
   */
  check() {
    // In the order in which Bun checks them, with the names that its messages use.
    checkHandler(this.open, 'onOpen');
    checkHandler(this.close, 'onClose');
    checkHandler(this.data, 'onData');
    checkHandler(this.drain, 'onWritable');
    checkHandler(this.timeout, 'onTimeout');
    checkHandler(this.connectError, 'onConnectError');
    checkHandler(this.end, 'onEnd');
    checkHandler(this.error, 'onError');
    checkHandler(this.handshake, 'onHandshake');
    // Not documented by Bun, but there.
    checkHandler(this.session, 'onSession');
    checkHandler(this.keylog, 'onKeylog');
    checkHandler(this.serverName, 'onServerName');
    checkHandler(this.alpnCallback, 'onALPNCallback');
    if (this.data === undefined && this.drain === undefined) {
      throw invalidType('Expected at least "data" or "drain" callback');
    }
    return this;
  }

  /**
   * Takes over every handler of `other`, with the context and the binary type.
   * @param {Handlers} other
   */
  replace(other) {
    Object.assign(this, other);
  }

  /**
   * Calls a handler with `this` = socket; what it throws goes to the `error` handler. Never throws itself.
   * @param {Handler} handler
   * @param {object} socket
   */
  call(handler, socket) {
    try {
      this.context.runInAsyncScope(handler, socket, socket);
    } catch (error) {
      this.fail(socket, error);
    }
  }

  /**
   * The same with a second argument.
   * @param {Handler} handler
   * @param {object} socket
   * @param {unknown} argument
   */
  callWith(handler, socket, argument) {
    try {
      this.context.runInAsyncScope(handler, socket, socket, argument);
    } catch (error) {
      this.fail(socket, error);
    }
  }

  /**
   * Like `call`, for the handlers whose result counts as well. True unless it threw, or returned an `Error`.
   * @param {Handler} handler
   * @param {object} socket
   * @param {unknown[]} args
   */
  callChecked(handler, socket, ...args) {
    let result;
    try {
      result = this.context.runInAsyncScope(handler, socket, socket, ...args);
    } catch (error) {
      this.fail(socket, error);
      return false;
    }
    // The common result first: asking whether something is an error is a call into Node.
    if (result === undefined || !isError(result)) return true;
    this.fail(socket, result);
    return false;
  }

  /**
   * Hands an error to the `error` handler; without one, or when that throws too, it is an uncaught exception.
   *
   * Differs from Bun (9): an uncaught exception is Node's to deal with, which ends the process unless someone listens.
   * @param {object} socket
   * @param {unknown} error
   */
  fail(socket, error) {
    if (diagnostics.failed.hasSubscribers) diagnostics.failed.publish({ socket, error });
    this.hand(socket, error);
  }

  /**
   * The same for an error that is known already.
   * @param {object} socket
   * @param {unknown} error
   */
  hand(socket, error) {
    if (this.error === undefined) {
      native.raise(error);
      return;
    }
    try {
      this.context.runInAsyncScope(this.error, socket, socket, error);
    } catch (second) {
      native.raise(second);
    }
  }
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function checkHandler(value, name) {
  if (value !== undefined && typeof value !== 'function') {
    throw invalidType(`Expected "${name}" callback to be a function`);
  }
}

/**
 * @param {unknown} value
 */
function binaryType(value) {
  if (value === undefined) return BUFFER;
  if (typeof value !== 'string') throw invalidType('SocketHandler.binaryType must be a string');
  const type = BINARY_TYPES.get(value);
  if (type === undefined) {
    throw invalidType('SocketHandler.binaryType must be "arraybuffer", "buffer", or "uint8array"');
  }
  return type;
}

module.exports = { ARRAYBUFFER, BUFFER, Handlers, POOLED, pooledBuffer, UINT8ARRAY };
