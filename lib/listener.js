'use strict';
// `listen`, and the listener that programs hold.

const fs = require('node:fs');
const { setTimeout } = require('node:timers');
const { Connection } = require('./connection');
const diagnostics = require('./diagnostics');
const { engine, targets } = require('./engine');
const { invalidThis, invalidType, listenFailed, notFound } = require('./errors');
const { Handlers } = require('./handlers');
const { finish, takeMethods, wrongAccessor } = require('./members');
const { ListenerHandle, NOT_FOUND } = require('./native');
const { readOptions } = require('./options');
const { TCPSocket } = require('./socket');

/** The pause before a listener without descriptors tries again, in milliseconds. */
const RETRY = 50;

const handle = takeMethods(ListenerHandle);

/** What is behind a listener. */
class Listening {
  /** Its place in the native half, -1 once stopped. */
  slot = -1;
  /** The object that programs hold. @type {any} */
  listener = undefined;
  /** @type {Handlers} */ handlers;
  /** @type {unknown} */ data;
  /** @type {string | undefined} */ hostname;
  /** @type {number | undefined} */ port = undefined;
  /** @type {string | undefined} */ unix;
  /** Whether it keeps the process alive while it listens. */
  #referenced = true;
  /** It waits for descriptors; more connections that cannot be accepted must not start more timers. */
  #waiting = false;
  /** Whether accepted sockets begin with a pause. */
  #pauses = false;

  /** Makes what is behind an accepted socket, and its class. @type {(listening: Listening) => [Connection, any]} */
  #accept;

  /** @param {import('./options').SocketOptions} options */
  constructor({ handlers, data, hostname, unix, tls, pauseOnConnect }) {
    this.#accept = tls === undefined ? plain : secure(tls);
    this.handlers = handlers;
    this.data = data;
    this.hostname = hostname;
    this.unix = unix;
    this.#pauses = pauseOnConnect;
  }

  // Called by the dispatcher.

  /** @param {number} slot the new socket's */
  accepted(slot) {
    const [connection, Socket] = this.#accept(this);
    connection.listening = this;
    connection.occupy(slot);
    connection.socket = new Socket(connection);
    if (diagnostics.accepted.hasSubscribers) {
      diagnostics.accepted.publish({ socket: connection.socket, listener: this.listener });
    }
    connection.pausesFirst = this.#pauses;
    connection.begin();
  }

  /** There was no descriptor for a connection; the backlog keeps it. */
  exhausted() {
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      if (this.slot !== -1) handle.retry(this.listener);
    }, RETRY).unref();
  }

  /** @param {boolean} on whether it keeps the process alive from now on */
  reference(on) {
    if (this.slot === -1) return;
    handle.reference(this.listener, on);
    this.#referenced = on;
  }

  /** @param {object} context */
  isKeptAliveWith(context) {
    return this.#referenced && this.handlers.context === context;
  }

  /** @param {boolean} closeSockets */
  stop(closeSockets) {
    if (this.slot !== -1) {
      targets[this.slot] = undefined;
      this.slot = -1;
      handle.shut(this.listener);
      if (this.unix !== undefined) unlink(this.unix);
    }
    if (!closeSockets) return;
    /** @type {Connection[]} */
    const own = [];
    for (const target of targets) {
      if (target instanceof Connection && target.belongsTo(this)) own.push(target);
    }
    // As in Bun, the newest first.
    own.sort((a, b) => b.number - a.number);
    for (const connection of own) connection.close();
  }
}

class Listener extends ListenerHandle {
  /** @type {Listening} */ #listening;

  /** @param {Listening} listening which has its slot */
  constructor(listening) {
    super(engine.id, listening.slot);
    this.#listening = listening;
  }

  /** @param {any} self @returns {Listening} */
  static #own(self) {
    if (typeof self !== 'object' || self === null || !(#listening in self)) throw invalidThis('Listener', self);
    return self.#listening;
  }

  /** @param {any} self @param {string} name @param {'getter' | 'setter'} [kind] @returns {Listening} */
  static #of(self, name, kind) {
    if (typeof self !== 'object' || self === null || !(#listening in self)) {
      throw wrongAccessor('Listener', name, kind);
    }
    return self.#listening;
  }

  get data() {
    return Listener.#of(this, 'data').data;
  }

  set data(value) {
    Listener.#of(this, 'data', 'setter').data = value;
  }

  get fd() {
    return Listener.#of(this, 'fd').slot === -1 ? -1 : handle.descriptor(this);
  }

  get hostname() {
    return Listener.#of(this, 'hostname').hostname;
  }

  get port() {
    return Listener.#of(this, 'port').port;
  }

  get unix() {
    return Listener.#of(this, 'unix').unix;
  }

  getsockname(/** @type {any} */ out) {
    const listening = Listener.#own(this);
    if (listening.slot === -1) return;
    if (out === null || (typeof out !== 'object' && typeof out !== 'function')) throw invalidType('Expected object');
    const endpoint = handle.endpoint(this);
    if (!endpoint) return;
    // As in Bun, what can't be written to stays as it is.
    Reflect.set(out, 'family', endpoint.family);
    Reflect.set(out, 'address', endpoint.address);
    Reflect.set(out, 'port', endpoint.port);
  }

  ref() {
    Listener.#own(this).reference(true);
  }

  /** @this {any} */
  reload(/** @type {any} */ options) {
    const listening = Listener.#own(this);
    // Differs from Bun (10): after `stop` this does nothing; there it throws.
    if (listening.slot === -1) return;
    if (arguments.length === 0) throw new Error('Expected 1 argument');
    if (options === null || (typeof options !== 'object' && typeof options !== 'function')) {
      throw invalidType('Expected options object');
    }
    const { socket } = options;
    if (socket === undefined) throw new Error('Expected "socket" object');
    listening.handlers.replace(new Handlers(socket).check());
  }

  stop(/** @type {any} */ closeActiveConnections) {
    Listener.#own(this).stop(closeActiveConnections === true);
  }

  unref() {
    Listener.#own(this).reference(false);
  }

  static {
    finish(
      'Listener',
      Listener,
      /** @this {any} */ function () {
        Listener.#own(this).stop(true);
      },
    );
  }
}

/**
 * `Bun.listen`. No function that can be called with `new`, as on Bun.
 * @param {unknown} options
 * @returns {Listener}
 * @throws {Error} as Bun does; nothing listens then
 */
const listen = (options) => {
  const parsed = readOptions(options, 'Expected object', false);
  const listening = new Listening(parsed);
  const slot = bind(parsed);
  listening.slot = slot;
  targets[slot] = /** @type {any} */ (listening);
  const listener = new Listener(listening);
  listening.listener = listener;
  if (parsed.tls !== undefined) handle.expectHandshakes(listener);
  const { fd, signal } = parsed;
  // As in Bun, the listener knows nothing of where one that was taken over listens.
  if (fd === undefined) listening.port = handle.endpoint(listener)?.port;
  if (signal !== undefined) {
    if (signal.aborted) listening.stop(true);
    else signal.addEventListener('abort', () => listening.stop(true), { once: true });
  }
  return listener;
};

/** @param {Listening} listening @returns {[Connection, any]} */
function plain({ handlers, data }) {
  return [new Connection(handlers, data), TCPSocket];
}

/**
 * @param {import('./tls-options').TlsWishes | import('./tls-options').TlsWishes[]} tls
 * @returns {(listening: Listening) => [Connection, any]}
 * @throws {Error} for wrong options, before anything listens
 */
function secure(tls) {
  // Loaded by the first who needs TLS: what it takes is not for programs without.
  const { serverSide } = require('./secure');
  const { SecureConnection } = require('./secure-connection');
  const { TLSSocket } = require('./tls-socket');
  const side = serverSide(tls);
  return ({ handlers, data }) => [new SecureConnection(handlers, data, side), TLSSocket];
}

/** @param {import('./options').SocketOptions} options */
function bind({ hostname, port, unix, fd, exclusive, reusePort, ipv6Only, allowHalfOpen }) {
  if (fd !== undefined) {
    const slot = engine.listenDescriptor(fd, allowHalfOpen);
    if (slot < 0) throw listenFailed(-slot, '');
    return slot;
  }
  if (unix !== undefined) {
    const slot = engine.listenUnix(unix, allowHalfOpen);
    if (slot < 0) throw listenFailed(-slot, unix);
    return slot;
  }
  const name = /** @type {string} */ (hostname);
  const slot = engine.listenTcp({
    hostname: name,
    port,
    reusePort: reusePort && !exclusive,
    ipv6Only,
    allowHalfOpen,
  });
  // Differs from Bun (8): a name that does not resolve always has a code.
  if (slot === NOT_FOUND) throw notFound(name);
  if (slot < 0) throw listenFailed(-slot, name, port);
  return slot;
}

/**
 * Removes a unix path; abstract names, which start with a NUL, have none.
 * @param {string} path
 */
function unlink(path) {
  // The kernel's name ends at the first NUL.
  const [name] = path.split('\0', 1);
  if (name === '') return;
  try {
    fs.unlinkSync(name);
  } catch {
    // Someone else has removed it, or may not be asked to: what `stop` is for has been done.
  }
}

module.exports = { Listening, listen };
