import fs from 'node:fs';
import { describe, describeBytes, stable } from './describe.mjs';

/** How long anything may take before the scenario counts as stuck. */
export const LIMIT_MS = 6000;

const bytesOf = (data) => (data instanceof ArrayBuffer ? new Uint8Array(data) : data);

/**
 * One voice in the trace. Its lines keep their order; the order between actors is left to the event loop and not compared.
 */
export class Actor {
  static all = new Map();

  static of(name) {
    if (!Actor.all.has(name)) Actor.all.set(name, new Actor(name));
    return Actor.all.get(name);
  }

  /** Every actor's last words. */
  static flush() {
    for (const actor of Actor.all.values()) actor.#flushData();
  }

  socket;
  sockets = [];
  bytes = 0;
  #counts = new Map();
  #waiting = [];
  #data = [];

  constructor(name) {
    this.name = name;
  }

  /** Adds a line: strings as they are, everything else described. */
  say(...words) {
    this.#flushData();
    this.#write(words.map((word) => (typeof word === 'string' ? stable(word) : describe(word))).join(' '));
  }

  #write(text) {
    fs.writeSync(1, `${this.name}\t${text}\n`);
  }

  /** How a stream is cut into events is not part of the contract: neighbouring data becomes one line. */
  #flushData() {
    if (this.#data.length === 0) return;
    const types = new Set(this.#data.map((data) => data.constructor.name));
    const all = Buffer.concat(this.#data.map(bytesOf));
    this.#data = [];
    this.#write(`data ${[...types].join('+')} ${all.length} ${stable(describeBytes(all))}`);
  }

  /** Runs `fn` and says what it gave or threw. Returns what it gave. */
  attempt(label, fn) {
    try {
      const result = fn();
      this.say(label, '->', result);
      return result;
    } catch (error) {
      this.say(label, 'threw', error);
      return undefined;
    }
  }

  /** The same for something that gives a promise. */
  async settle(label, fn) {
    let promise;
    try {
      promise = fn();
    } catch (error) {
      this.say(label, 'threw', error);
      return undefined;
    }
    try {
      const result = await promise;
      this.say(label, 'resolved', result);
      return result;
    } catch (error) {
      this.say(label, 'rejected', error);
      return undefined;
    }
  }

  count(event) {
    return this.#counts.get(event) ?? 0;
  }

  happened(event) {
    this.#counts.set(event, this.count(event) + 1);
    for (const check of this.#waiting.splice(0)) check();
  }

  /** Resolves once `event` has happened `times` times in all; `until` may be a function instead, looked at after every event. */
  async seen(event, times = 1) {
    const fulfilled = typeof event === 'function' ? event : () => this.count(event) >= times;
    const limit = Date.now() + LIMIT_MS;
    while (!fulfilled()) {
      const left = limit - Date.now();
      if (left <= 0)
        throw new Error(`${this.name} never saw ${typeof event === 'function' ? event : `${times} x ${event}`}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Handlers of a UDP socket that say what datagrams hold. */
  receiving() {
    return {
      data: (_, data) => {
        this.say('data', data);
        this.happened('data');
      },
    };
  }

  /**
   * Handlers that say what they get and then run those of `own`. `silent` names events that are counted only; `without` names
   * handlers to leave out. `drain`, `timeout` and `handshake` are there only when given in `own` or named in `also`.
   */
  handlers(own = {}, { silent = [], without = [], also = [] } = {}) {
    const actor = this;
    const handlers = {};
    const add = (event, describeArguments) => {
      if (without.includes(event)) return;
      handlers[event] = function (...args) {
        if (event === 'open') {
          actor.socket ??= args[0];
          actor.sockets.push(args[0]);
        }
        if (event === 'data') {
          actor.bytes += args[1].byteLength;
          if (!silent.includes('data')) actor.#data.push(args[1]);
        } else if (!silent.includes(event)) {
          actor.say(event, ...describeArguments(args));
        }
        try {
          return own[event]?.apply(this, args);
        } finally {
          actor.happened(event);
        }
      };
    };
    const second = (args) => (args[1] === undefined ? [] : [args[1]]);
    for (const event of ['open', 'end', 'close', 'error', 'connectError']) add(event, second);
    add('data', () => []);
    for (const event of ['drain', 'timeout']) if (own[event] || also.includes(event)) add(event, second);
    if (own.handshake || also.includes('handshake')) add('handshake', (args) => args.slice(1));
    return handlers;
  }
}
