'use strict';
// What is behind a socket that a program holds: its place in the native half, its handlers, and which of them comes next.

const { Buffer } = require('node:buffer');
const { clearTimeout, setTimeout } = require('node:timers');
const { expectMemory } = require('./collection');
const diagnostics = require('./diagnostics');
const { engine, lookSoon, native, record, targets } = require('./engine');
const { connectFailed, isError, notFound, systemError } = require('./errors');
const { NO_TLS } = require('./no-tls');
const { SocketHandle } = require('./native');
const { copy, shape } = require('./received');

/**
 * What the native half does for sockets beyond events and bytes. One object is for all of them, and the record says for which: one for each
 * would cost 2 µs and, where it stays, a quarter of a KiB.
 * @type {any}
 */
const handle = new SocketHandle(engine.id);

/** Where the record says which socket the handle stands for; `src/binding/hot.rs` knows it, too. */
const SELECTED = 15;

/** The longest delay that a Node timer takes, in milliseconds. */
const LONGEST_DELAY = 0x7fffffff;

/**
 * @typedef {import('./handlers').Handlers} Handlers
 * @typedef {object} Connecting
 * @property {(socket: object) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {() => void} quieten says that nobody need handle a rejection
 */

/** How many connections there have been. */
let connections = 0;

class Connection {
  /** Its place in the native half, -1 once closed. */
  slot = -1;
  /** Larger than that of any connection before it. */
  number = connections++;
  /** The object that handlers get. @type {any} */
  socket = undefined;
  /** @type {Handlers} */
  handlers;
  /** @type {unknown} */
  data;
  /** The listener that accepted it. @type {import('./listener').Listening | undefined} */
  listening = undefined;
  /** Bytes taken by the kernel. */
  written = 0;
  /** Whether it keeps the process alive while it is open. */
  referenced = true;
  /** Whether it begins with a pause, after the handshake if there is one. */
  pausesFirst = false;
  /** `end` was called: nothing can be written, though the peer may still send. */
  ending = false;
  /** The writing side was shut by `shutdown`. */
  shut = false;
  /** What it answers to questions about TLS. @type {any} */
  tls = NO_TLS;
  /** @type {NodeJS.Timeout | undefined} */
  timer = undefined;
  /** How long that takes, in milliseconds. */
  delay = 0;

  /**
   * @param {Handlers} handlers
   * @param {unknown} data
   */
  constructor(handlers, data) {
    this.handlers = handlers;
    this.data = data;
  }

  /** @param {number} slot */
  occupy(slot) {
    this.slot = slot;
    targets[slot] = /** @type {any} */ (this);
  }

  /** The native half's object, for one call: for the next connection that takes it, it stands for another socket. */
  get handle() {
    record[SELECTED] = this.place;
    return handle;
  }

  /** Where the native half has what is behind its properties. */
  get place() {
    return this.slot;
  }

  /** Whether the native half still has it. */
  get isOpen() {
    return this.slot !== -1;
  }

  /** Whether a program still has a hold on it. */
  get isAttached() {
    return this.isOpen;
  }

  /** Whether a program can still learn something about it. */
  get isLive() {
    return this.isAttached;
  }

  /** Whether the program has closed it with its sending side still open, and the handlers are told before it is. */
  get isLeaving() {
    return false;
  }

  /** Whether wrong arguments are errors where nothing can be sent. */
  get mindsArguments() {
    return this.isLive && !this.ending;
  }

  /** Whether ciphertext is shown before it is decrypted. */
  get isTapped() {
    return false;
  }

  /** What the property of this name says. */
  get readyState() {
    return this.isOpen && !this.ending ? 1 : -1;
  }

  /** What was connected to, unless it was a path or a descriptor. @type {string | undefined} */
  get host() {
    return undefined;
  }

  /** Whether `stop(true)` of a listener closes it. @param {import('./listener').Listening} listening */
  belongsTo(listening) {
    return this.listening === listening;
  }

  /** @param {boolean} on whether it keeps the process alive from now on */
  reference(on) {
    if (!this.isOpen) return;
    this.handle.reference(on);
    this.referenced = on;
  }

  /** @param {object} context */
  isKeptAliveWith(context) {
    return this.referenced && this.handlers.context === context;
  }

  // Called by the dispatcher.

  /** @param {number} length */
  received(length) {
    const { data } = this.handlers;
    if (data === undefined) return;
    this.handlers.callWith(data, this.socket, copy(length, this.handlers.binaryType));
  }

  /** @param {number} length */
  bulk(length) {
    expectMemory(length);
    const bytes = Buffer.allocUnsafeSlow(length);
    native.receive(this.slot, bytes);
    const count = record[0];
    if (count === 0) return;
    const { data } = this.handlers;
    if (data === undefined) return;
    const own = count === length ? bytes : Buffer.from(new Uint8Array(bytes.subarray(0, count)).buffer);
    this.handlers.callWith(data, this.socket, shape(own, this.handlers.binaryType));
  }

  /** @param {number} halfOpen 1 if this side stays open */
  ended(halfOpen) {
    if (this.handlers.end !== undefined) this.handlers.call(this.handlers.end, this.socket);
    // As in Bun: where nobody would notice the end, the socket closes with it.
    else if (halfOpen === 1) this.handle.endWithPeer();
  }

  drained() {
    if (this.handlers.drain !== undefined) this.handlers.call(this.handlers.drain, this.socket);
  }

  /** @param {number} errno 0 for an orderly close */
  closed(errno) {
    // An error takes 5 µs and more: only for somebody.
    const isTold = this.handlers.close !== undefined || this.isTapped || diagnostics.closed.hasSubscribers;
    this.over(errno !== 0 && isTold ? systemError(errno, 'read') : undefined);
  }

  /** The native half has let go of it. @param {Error} [error] */
  over(error) {
    this.slot = -1;
    this.setTimeout(0);
    if (diagnostics.closed.hasSubscribers) {
      // The socket itself does not know its listener any more.
      diagnostics.closed.publish({ socket: this.socket, listener: this.listening?.listener, error });
    }
    const { close } = this.handlers;
    if (close !== undefined) this.handlers.callWith(close, this.socket, error);
  }

  /** It is connected. Whether a handler was called. */
  begin() {
    if (this.pausesFirst) this.handle.hold();
    this.open();
    return this.handlers.open !== undefined;
  }

  /** Runs the `open` handler; a socket whose `open` throws is closed. */
  open() {
    const { open } = this.handlers;
    if (open !== undefined && !this.handlers.callChecked(open, this.socket)) this.close();
  }

  // Called by the socket's methods.

  /**
   * What `end` answers without asking the native half; undefined for "ask it".
   * @param {boolean} _withoutData
   * @returns {number | undefined}
   */
  endEarly(_withoutData) {
    return undefined;
  }

  /**
   * What another `end` answers.
   * @param {boolean} _withoutData
   */
  endAgain(_withoutData) {
    return -1;
  }

  /** Plain sockets keep nothing that could be flushed. */
  flush() {}

  /**
   * Counts a write.
   * @param {number} count what the kernel took, or -1
   */
  wrote(count) {
    if (count > 0) this.written += count;
    lookSoon();
    return count;
  }

  /**
   * The native half has taken an `end`.
   * @param {boolean} closed whether the socket is closed with it
   * @param {number} count the bytes that are sent before the FIN
   */
  finish(closed, count) {
    this.written += count;
    lookSoon();
    if (closed) {
      this.vacate();
      this.over();
    } else {
      this.ending = true;
    }
  }

  /** Holds back data and the end of the stream. */
  pause() {
    this.handle.hold();
  }

  /** Goes on after `pause`. */
  resume() {
    this.handle.release();
    lookSoon();
  }

  /** Sends FIN, and goes on reading. */
  shutWrite() {
    this.shut = true;
    this.handle.shutWrite();
    lookSoon();
  }

  /** Closes at once with FIN. */
  close() {
    if (!this.isOpen) return;
    native.close(this.vacate());
    lookSoon();
    this.over();
  }

  /** Closes at once with RST. */
  terminate() {
    if (!this.isOpen) return;
    native.terminate(this.vacate());
    lookSoon();
    this.over();
  }

  /** Takes it out of the dispatcher's table. */
  vacate() {
    const { slot } = this;
    targets[slot] = undefined;
    this.slot = -1;
    return slot;
  }

  /**
   * Calls the `timeout` handler once after so many seconds, 0 for never. Activity does not put it off, and the socket is
   * not closed: as in Bun.
   *
   * Differs from Bun (11): to the millisecond, not on a grid of four seconds.
   * @param {number} seconds
   */
  setTimeout(seconds) {
    // Node's timers count from the loop's time in whole milliseconds, and so may come up to one too early.
    const milliseconds = seconds * 1000 + 1;
    if (this.timer !== undefined) {
      // Programs that say the same for each message are many, and a new timer takes three times as long.
      if (milliseconds === this.delay && seconds > 0) {
        this.timer.refresh();
        return;
      }
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    if (seconds > 0) this.startTimer(milliseconds);
  }

  /** @param {number} milliseconds */
  startTimer(milliseconds) {
    const delay = Math.min(milliseconds, LONGEST_DELAY);
    this.delay = delay;
    // The socket itself decides whether the process lives on, not its timer.
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (milliseconds > delay) this.startTimer(milliseconds - delay);
      else if (this.handlers.timeout !== undefined) this.handlers.call(this.handlers.timeout, this.socket);
    }, delay).unref();
  }
}

/** A connection that is still being made, until it is open. */
class ClientConnection extends Connection {
  /** @type {Connecting | undefined} */
  promise = undefined;
  /** The host name, for the error when it does not resolve. */
  target = '';
  /** Forgets the AbortSignal. @type {(() => void) | undefined} */
  unwatch = undefined;

  get host() {
    return this.target === '' ? undefined : this.target;
  }

  /**
   * @param {number} followed 1 if another event is ready already
   * @returns {boolean} whether ticks and microtasks wait for that one: as in Bun, they run when a handler has returned, and here was none
   */
  connected(followed) {
    if (diagnostics.connected.hasSubscribers) diagnostics.connected.publish({ socket: this.socket });
    // The promise is resolved before `open` runs; its reactions come after it.
    this.settle()?.resolve(this.socket);
    return !this.begin() && followed === 1;
  }

  /** @param {number} errno 0 for a host name that does not resolve */
  connectFailed(errno) {
    const attempts = engine.attempts();
    const make = () => (errno === 0 ? notFound(this.target) : connectFailed(errno, attempts));
    // As in Bun, the promise gets an error of its own.
    this.fail(make(), make());
  }

  /**
   * Gives the attempt up.
   * @param {unknown} error for the `connectError` handler
   * @param {unknown} reason for the promise, unless the handler throws or returns something else
   */
  fail(error, reason) {
    this.slot = -1;
    if (diagnostics.failed.hasSubscribers) diagnostics.failed.publish({ socket: this.socket, error });
    const promise = this.settle();
    const { connectError } = this.handlers;
    if (connectError !== undefined) {
      // As in Bun: whoever has been told need not look at the promise, unless it has something else to say.
      let isKnown = true;
      try {
        const result = this.handlers.context.runInAsyncScope(connectError, this.socket, this.socket, error);
        if (isError(result)) [reason, isKnown] = [result, false];
      } catch (thrown) {
        [reason, isKnown] = [thrown, false];
      }
      if (isKnown) promise?.quieten();
    }
    promise?.reject(reason);
  }

  /** Gives the attempt up when `signal` says so. @param {AbortSignal} signal */
  watch(signal) {
    const abort = () => {
      if (this.promise === undefined) return;
      if (this.isOpen) native.close(this.vacate());
      this.fail(signal.reason, signal.reason);
    };
    this.unwatch = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    // Later, as every other outcome: `connect` itself must have returned first.
    if (signal.aborted) process.nextTick(abort);
  }

  settle() {
    const { promise } = this;
    this.promise = undefined;
    this.unwatch?.();
    return promise;
  }
}

module.exports = { ClientConnection, Connection };
