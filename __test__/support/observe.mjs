// Connections that tell what happened to them.

import { connect, listen } from 'bun-sockets';

/** A wait that does not end is a failure; this only limits how long it takes to say so. */
export const LIMIT_MS = 10_000;

const EVENTS = ['open', 'data', 'end', 'close', 'error', 'drain', 'timeout', 'connectError'];

/** Keeps what the handlers were called with, and runs `own` ones. */
export class Observer {
  /** `[event, ...arguments after the socket]` in order of arrival */
  calls = [];
  sockets = [];
  bytes = 0;
  #waiting = new Set();

  constructor(own = {}, { keepData = true } = {}) {
    const observer = this;
    this.handlers = { binaryType: own.binaryType };
    for (const event of EVENTS) {
      this.handlers[event] = function (socket, ...rest) {
        if (event === 'open') observer.sockets.push(socket);
        if (event === 'data') observer.bytes += rest[0].byteLength;
        if (event !== 'data' || keepData) observer.calls.push([event, ...rest]);
        try {
          return own[event]?.call(this, socket, ...rest);
        } finally {
          observer.look();
        }
      };
    }
    // Not one that listens for errors, unless it is asked to: then they come as uncaught exceptions and fail the test.
    if (!own.error) delete this.handlers.error;
  }

  /** Something has happened: whoever waits looks again. */
  look() {
    for (const check of [...this.#waiting]) check();
  }

  get socket() {
    return this.sockets[0];
  }

  /** Names of the events so far. Data that came in pieces counts once. */
  get events() {
    const names = this.calls.map(([event]) => event);
    return names.filter((name, i) => name !== 'data' || names[i - 1] !== 'data');
  }

  get text() {
    return this.calls
      .filter(([event]) => event === 'data')
      .map(([, data]) => Buffer.from(data).toString())
      .join('');
  }

  count(event) {
    return this.calls.filter(([name]) => name === event).length;
  }

  /** Arguments after the socket of the last call of that event. */
  last(event) {
    return this.calls.findLast(([name]) => name === event)?.slice(1);
  }

  /** Resolves when the event has come `times` times, or the function is true. */
  seen(event, times = 1) {
    const fulfilled = typeof event === 'function' ? event : () => this.count(event) >= times;
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!fulfilled()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`never came: ${event}; so far ${this.events.join(' ') || 'nothing'}`));
      }, LIMIT_MS);
      this.#waiting.add(check);
      check();
    });
  }
}

/** A listener on loopback, stopped with the test. */
export function serve(t, own = {}, options = {}) {
  const observer = new Observer(own, options);
  const where = options.unix ? {} : { hostname: '127.0.0.1', port: 0 };
  const { keepData: _, ...rest } = options;
  const listener = listen({ ...where, ...rest, socket: observer.handlers });
  t.teardown(() => listener.stop(true));
  return {
    listener,
    observer,
    target: listener.unix ? { unix: listener.unix } : { hostname: '127.0.0.1', port: listener.port },
  };
}

/** A client, closed with the test. */
export async function dial(t, target, own = {}, options = {}) {
  const observer = new Observer(own, options);
  const { keepData: _, ...rest } = options;
  const socket = await connect({ ...target, ...rest, socket: observer.handlers });
  t.teardown(() => socket.close());
  return { socket, observer };
}

/** Both ends of one open connection. */
export async function pair(t, { server = {}, client = {}, serverOptions, clientOptions } = {}) {
  const { listener, observer: far, target } = serve(t, server, serverOptions);
  const { socket: near, observer: nearSide } = await dial(t, target, client, clientOptions);
  await far.seen('open');
  return { listener, near, nearSide, farSide: far, far: far.socket, target };
}
