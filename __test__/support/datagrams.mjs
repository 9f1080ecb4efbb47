// UDP sockets that tell what happened to them.

import { once } from 'node:events';
import dgram from 'node:dgram';
import { udpSocket } from 'bun-sockets';
import { LIMIT_MS } from './observe.mjs';

/** Keeps what came, and waits for it. */
export class Inbox {
  /** `{ data, port, address, flags }` in order of arrival */
  datagrams = [];
  errors = [];
  drains = 0;
  #waiting = new Set();

  /** Handlers that keep what they get and then run those of `own`. */
  handlers(own = {}) {
    const inbox = this;
    const happened = () => {
      for (const check of [...inbox.#waiting]) check();
    };
    const handlers = {
      data(socket, data, port, address, flags) {
        inbox.datagrams.push({ data, port, address, flags });
        try {
          own.data?.call(this, socket, data, port, address, flags);
        } finally {
          happened();
        }
      },
      drain(socket) {
        inbox.drains++;
        own.drain?.call(this, socket);
        happened();
      },
    };
    // Not one that listens for errors, unless it is asked to: that changes what the socket is told.
    if (own.error) {
      handlers.error = function (...args) {
        inbox.errors.push(...args);
        own.error.apply(this, args);
        happened();
      };
    }
    return handlers;
  }

  get texts() {
    return this.datagrams.map(({ data }) => Buffer.from(data).toString());
  }

  /** Resolves when the condition holds. */
  until(condition) {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`never came; so far ${this.datagrams.length} datagrams, ${this.errors.length} errors`));
      }, LIMIT_MS);
      this.#waiting.add(check);
      check();
    });
  }

  /** Resolves when so many datagrams have come. */
  got(count = 1) {
    return this.until(() => this.datagrams.length >= count);
  }
}

/** A UDP socket on loopback, closed with the test. */
export async function open(t, own = {}, options = {}) {
  const inbox = new Inbox();
  const socket = await udpSocket({ hostname: '127.0.0.1', ...options, socket: inbox.handlers(own) });
  t.teardown(() => socket.close());
  return { socket, inbox };
}

/** A UDP port of loopback that nobody has. */
export async function deadPort() {
  const socket = await udpSocket({ hostname: '127.0.0.1' });
  const { port } = socket;
  socket.close();
  return port;
}

/** The other end on node:dgram, closed with the test. */
export async function rawDatagrams(t, { type = 'udp4', address = '127.0.0.1', port = 0, ...options } = {}) {
  const socket = dgram.createSocket({ type, ...options });
  socket.received = [];
  socket.on('message', (data, from) => socket.received.push({ data, from }));
  socket.bind(port, address);
  await once(socket, 'listening');
  t.teardown(() => new Promise((resolve) => socket.close(resolve)));
  return { socket, port: socket.address().port };
}

/** Lets the event loop turn: long enough for what is already on its way over the loopback. */
export async function turns(count = 20) {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}
