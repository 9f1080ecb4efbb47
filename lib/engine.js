'use strict';
// The dispatcher: takes one event after the other from the native half and hands it to the socket or listener it is for.

const binding = require('./native');

/**
 * What the dispatcher knows of a socket, listener or UDP socket. Only the members that its events need are there.
 * @typedef {object} Target
 * @property {(slot: number) => void} [accepted]
 * @property {() => void} [exhausted]
 * @property {(followed: number) => boolean} [connected]
 * @property {(errno: number) => void} [connectFailed]
 * @property {(length: number) => void} [received]
 * @property {(length: number) => void} [bulk]
 * @property {() => void} [ended]
 * @property {() => void} [drained]
 * @property {(errno: number) => void} [closed]
 * @property {() => void} [handshaken]
 * @property {() => void} [handshakeFailed]
 * @property {(length: number) => void} [tapped]
 * @property {() => void} [broken]
 * @property {() => void} [hello]
 * @property {(length: number) => void} [datagram]
 * @property {(errno: number) => void} [failed]
 * @property {(context: object) => boolean} [isKeptAliveWith] whether it keeps the process alive and was given handlers in this context
 */

// What the first number of a record says; `src/binding/hot.rs` has the same list.
const NOTHING = 0;
const ACCEPTED = 1;
const EXHAUSTED = 2;
const CONNECTED = 3;
const CONNECT_FAILED = 4;
const DATA = 5;
const BULK = 6;
const END = 7;
const DRAIN = 8;
const CLOSED = 9;
const HANDSHAKEN = 10;
const HANDSHAKE_FAILED = 11;
const RAW = 12;
const BROKEN = 13;
const HELLO = 14;
const DATAGRAM = 20;
const FAILED = 21;

/** The most bytes of one data event, as in Bun. */
const READ_LIMIT = 512 * 1024;

/**
 * Memory that begins at a page, to which the kernel copies fastest: `src/aligned.rs` says why.
 * @param {number} length in bytes
 */
function pageAligned(length) {
  const memory = new Uint8Array(new ArrayBuffer(length + binding.PAGE));
  const start = binding.pageStart(memory);
  return memory.subarray(start, start + length);
}

// Test runners load this file anew for every test file, in one Node environment and on one copy of the addon. The engine, which
// has a thread and descriptors, is made by the first and used by all.
const SHARED = Symbol.for('bun-sockets.engine');
/** What an earlier copy of this file exports. @type {any} */
const earlier = /** @type {any} */ (binding)[SHARED];

/** Shared with the native half: what the last event or call came to. @type {Int32Array} */
const record = earlier?.record ?? new Int32Array(new ArrayBuffer(64));
/** Shared with the native half: received bytes, until they are copied out; bytes to send, until they are sent. @type {Uint8Array} */
const scratch = earlier?.scratch ?? pageAligned(READ_LIMIT);
/**
 * `target.set(source, at)`. V8 looks `set` up anew each time it is called as a method, which takes a quarter as long as copying 64 bytes.
 * @type {(target: Uint8Array, source: Uint8Array, at?: number) => void}
 */
const copyBytes = Function.prototype.call.bind(Uint8Array.prototype.set);
/** @type {(Target | undefined)[]} */
const targets = earlier?.targets ?? [];

/**
 * The functions of `src/binding/hot.rs`; what they come to is left in the record. `write` finds slot and length there.
 * @typedef {object} Hot
 * @property {(early: number) => void} begin
 * @property {() => void} next
 * @property {() => void} write
 * @property {(slot: number, bytes: Uint8Array) => void} writeBytes
 * @property {(slot: number, length: number) => void} end
 * @property {(slot: number, bytes: Uint8Array) => void} endBytes
 * @property {(slot: number, into: Uint8Array) => void} receive
 * @property {(bytes: Uint8Array) => void} [prefetchBehind] only where it is of use
 * @property {(slot: number) => void} close
 * @property {(slot: number) => void} terminate
 * @property {(slot: number, length: number) => void} sendDatagram
 * @property {(slot: number, bytes: Uint8Array) => void} sendDatagramBytes
 * @property {(slot: number, count: number) => void} sendDatagrams
 * @property {(error: unknown) => void} raise
 */

/** @type {InstanceType<typeof binding.Engine>} */
const engine = earlier?.engine ?? new binding.Engine(wakeUp, record, scratch, { hasRef });
/** @type {Hot} */
const native = earlier?.native ?? engine.hot();

// Before going to sleep the native half looks again for up to 150 µs, while that has lately paid off. It costs CPU time of an
// otherwise idle core, which a program on a shared machine may not want to spend.
if (process.env.BUN_SOCKETS_SPIN === '0') engine.setSpin(false);

// Who makes a server's quick TLS handshakes: this thread ("main"), or other threads ("workers"), as they do all others.
if (process.env.BUN_SOCKETS_HANDSHAKES === 'main') engine.setShakesHands(true);
if (process.env.BUN_SOCKETS_HANDSHAKES === 'workers') engine.setShakesHands(false);

// Runs process.nextTick callbacks and then microtasks; Node's timers call the same function between two timers. Should it
// ever be missing, each event gets a turn of the loop of its own, which does the same more slowly.
/** @type {(() => void) | undefined} */
const runTicks = /** @type {any} */ (process)._tickCallback?.bind(process);
const { clearImmediate, setImmediate } = require('node:timers');

/** Whether immediates come by themselves. Those of a test runner's fake timers, if it has put them into Node's module before, do not. */
const hasImmediates = isNodes(setImmediate(() => {}));

/** @param {NodeJS.Immediate} immediate one that need not come */
function isNodes(immediate) {
  clearImmediate(immediate);
  return '_onImmediate' in Object(immediate);
}

/** Whether a turn comes by itself, as an immediate. */
let again = false;
let dispatching = false;
/** 1 when the turn that follows is one that nobody called for. */
let early = 0;

/** What keeps the process alive are sockets and listeners: whoever asks is told of those (`context.js`). */
function hasRef() {
  return false;
}

/** Something may be ready. A turn that comes by itself finds it, and keeps its place behind immediates that were there before. */
function wakeUp() {
  if (again && hasImmediates) early = 0;
  else resume();
}

/** What the poll says at once, within the native half's budget. */
function turn() {
  dispatching = true;
  for (;;) {
    try {
      dispatch();
      break;
    } catch (error) {
      // From a tick or a microtask. The events after it must not wait.
      native.raise(error);
    }
  }
  dispatching = false;
}

/**
 * Whoever has more to do for the event that was theirs, when ticks and microtasks have run.
 * @type {{ goOn(): void }[]}
 */
const unfinished = [];

/**
 * Has a connection go on when ticks and microtasks have run, and before the next event; at once where this is no event.
 * @param {{ goOn(): void }} connection
 */
function goOnAfterTicks(connection) {
  if (dispatching) unfinished.push(connection);
  else connection.goOn();
}

function dispatch() {
  native.begin(early);
  early = 0;
  for (;;) {
    if (unfinished.length > 0) {
      /** @type {{ goOn(): void }} */ (unfinished.shift()).goOn();
    } else {
      native.next();
      if (record[0] === NOTHING) {
        if (record[1] === 1) comeBack();
        return;
      }
      if (deliver(record[0], record[1], record[2])) continue;
    }
    if (runTicks === undefined) {
      comeBack();
      return;
    }
    runTicks();
  }
}

function comeBack() {
  if (again) return;
  again = true;
  if (hasImmediates) setImmediate(resume);
  else engine.callBack();
}

function resume() {
  again = false;
  turn();
}

/**
 * Has the native half look in this turn of the loop, when something was done that other sockets of this process may notice at
 * once: the wake-up from the thread that waits takes longer than several turns, or, where processors are few, than the timers that are
 * set next. On Bun it is noticed before them.
 */
function lookSoon() {
  if (dispatching || again || !engine.keepsAlive) return;
  early = 1;
  comeBack();
}

/**
 * Hands an event over.
 * @param {number} kind
 * @param {number} slot
 * @param {number} detail
 * @returns {boolean} whether ticks and microtasks wait for the next event
 */
function deliver(kind, slot, detail) {
  const target = /** @type {any} */ (kind === ACCEPTED ? targets[detail] : targets[slot]);
  if (target === undefined) return false;
  switch (kind) {
    case DATA:
      target.received(detail);
      break;
    case DATAGRAM:
      target.datagram(detail);
      break;
    case BULK:
      target.bulk(detail);
      break;
    case ACCEPTED:
      target.accepted(slot);
      break;
    case END:
      target.ended(detail);
      break;
    case DRAIN:
      target.drained();
      break;
    case CLOSED:
      targets[slot] = undefined;
      target.closed(detail);
      break;
    case CONNECTED:
      return target.connected(detail);
    case CONNECT_FAILED:
      targets[slot] = undefined;
      target.connectFailed(detail);
      break;
    case HANDSHAKEN:
      target.handshaken(detail);
      break;
    case HANDSHAKE_FAILED:
      targets[slot] = undefined;
      target.handshakeFailed();
      break;
    case RAW:
      target.tapped(detail);
      break;
    case BROKEN:
      targets[slot] = undefined;
      target.broken();
      break;
    case HELLO:
      target.hello();
      break;
    case FAILED:
      target.failed(detail);
      break;
    case EXHAUSTED:
      target.exhausted();
      break;
  }
  return false;
}

module.exports = {
  READ_LIMIT,
  copyBytes,
  engine,
  goOnAfterTicks: earlier?.goOnAfterTicks ?? goOnAfterTicks,
  lookSoon: earlier?.lookSoon ?? lookSoon,
  native,
  record,
  scratch,
  targets,
};
/** @type {any} */ (binding)[SHARED] ??= module.exports;
