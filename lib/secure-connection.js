'use strict';
// What is behind a socket that speaks TLS, and behind the raw half of an upgraded one.

const { types } = require('node:util');
const { ClientConnection, Connection } = require('./connection');
const diagnostics = require('./diagnostics');
const { engine, goOnAfterTicks, lookSoon, native } = require('./engine');
const { isError, systemError } = require('./errors');
const { copy } = require('./received');
const { expectRest } = require('./resting');
const { RawTls, TlsState, disconnected, protocolError } = require('./tls-state');

/**
 * A TLS connection of either side.
 *
 * With a `handshake` handler, `open` runs when the socket is connected, and the handshake begins after it. Without one,
 * `open` runs after the handshake, even a failed one: as in Bun.
 */
class SecureConnection extends ClientConnection {
  /** @type {TlsState} */
  tls;
  /** The other half, when a plain socket was upgraded. @type {RawConnection | undefined} */
  raw = undefined;
  /** The native half has let go of it, and the program has not been told: it still looks open. */
  failing = false;
  /** The peer has ended. */
  peerEnded = false;
  #asking = false;
  /** The program has ended it, and nothing has come since: as in Bun, all that it can do then is wait. */
  #detached = false;
  #answered = false;
  /** Its end was told. */
  #isOver = false;
  /** The program has closed it in the middle of the handshake, and is being told. @type {{ slot: number, leave: (slot: number) => void } | undefined} */
  #held = undefined;
  /** @type {'close' | 'terminate' | undefined} */ #leaving = undefined;
  /** What is left to do for an event whose first handler has been called. @type {(() => void) | undefined} */
  #onward = undefined;

  /**
   * @param {import('./handlers').Handlers} handlers
   * @param {unknown} data
   * @param {import('./tls-state').Side} side
   */
  constructor(handlers, data, side) {
    super(handlers, data);
    this.tls = new TlsState(this, side);
  }

  get isAttached() {
    return this.isThere && !this.#detached;
  }

  /** Whether there is a socket behind it. */
  get isThere() {
    return this.isOpen || this.#held !== undefined;
  }

  get isLeaving() {
    return this.#held !== undefined && !this.shut && !this.handle.isSilenced();
  }

  get place() {
    return this.#held?.slot ?? super.place;
  }

  get isLive() {
    return this.isAttached || this.failing;
  }

  get mindsArguments() {
    return this.isLive;
  }

  get isTapped() {
    return this.raw !== undefined;
  }

  get readyState() {
    if (this.failing || (this.#answered && this.isOpen)) return 1;
    return super.readyState;
  }

  /** @param {import('./listener').Listening} listening */
  belongsTo(listening) {
    return super.belongsTo(listening) || this.raw?.listening === listening;
  }

  // Called by the dispatcher.

  /** @param {number} settled what came of the handshake */
  handshaken(settled) {
    if (this.pausesFirst) this.handle.hold();
    expectRest();
    const error = this.tls.settle(settled);
    this.#publish(this.tls.success, error);
    const late = this.tls.tellsLate;
    if (!late) this.#tellSecrets();
    if (!this.isOpen) return;
    this.#tell(this.tls.success, error);
    if (late) this.#tellSecrets();
    this.#tellSessions();
    if (this.tls.refused) this.#then(this.close);
  }

  handshakeFailed() {
    // The event came with a report.
    const report = /** @type {import('./tls-state').Report} */ (engine.handshakeFailure());
    const isKnown = !this.tls.isPending;
    const error = this.tls.fail(report);
    const leave = () => {
      this.failing = false;
      // Whoever was told may have closed it.
      if (!this.isOpen) return;
      native.close(this.vacate());
      this.over(typeof report.errno === 'number' ? systemError(report.errno, 'read') : undefined);
    };
    // As in Bun: who has sent FIN is told only of the end, if the peer says nothing more.
    const isUntold = isKnown || (this.shut && report.hungUp);
    if (isUntold) this.tls.forgo();
    if (isUntold || error === undefined) {
      leave();
    } else {
      this.#tellFailure(error);
      this.#then(leave);
    }
  }

  /** @param {number} length 0 if there was something, but nothing for the program */
  received(length) {
    this.#attach();
    if (this.handlers.session === undefined) {
      if (length > 0) super.received(length);
      return;
    }
    // Copied first: the bytes are in the scratch memory, which a handler overwrites when it writes.
    const bytes = length > 0 ? copy(length, this.handlers.binaryType) : undefined;
    this.#tellSessions();
    const { data } = this.handlers;
    if (bytes !== undefined && data !== undefined && this.isOpen) this.handlers.callWith(data, this.socket, bytes);
  }

  /** @param {number} length */
  bulk(length) {
    this.#attach();
    super.bulk(length);
    this.#tellSessions();
  }

  /** @param {number} halfOpen */
  ended(halfOpen) {
    this.peerEnded = true;
    super.ended(halfOpen);
  }

  /** Data has come. */
  #attach() {
    if (!this.#detached) return;
    this.#detached = false;
    this.#answered = true;
  }

  /**
   * @param {boolean} closed
   * @param {number} count
   */
  finish(closed, count) {
    super.finish(closed, count);
    this.#detached = !closed && !this.tls.isPending;
  }

  /** A client has said what it wants, and the program wants to have a say in what becomes of it. */
  hello() {
    this.#asking = true;
    const answer = this.#ask();
    this.#asking = false;
    if (this.#leaving === undefined) {
      this.tls.choose(answer);
    } else {
      this.ending = false;
      this[this.#leaving]();
    }
  }

  /** @returns {boolean | string | null} */
  #ask() {
    const { serverName, protocols } = this.tls.hello();
    const { handlers, socket } = this;
    if (handlers.serverName !== undefined && serverName !== undefined) {
      let chosen;
      try {
        chosen = handlers.context.runInAsyncScope(handlers.serverName, undefined, this.data, serverName, socket);
      } catch {
        return false;
      }
      // Anything else is a context of node:tls, which BoringSSL can use and rustls cannot.
      if (chosen !== undefined && chosen !== null) return false;
    }
    if (handlers.alpnCallback === undefined || protocols === undefined) return true;
    try {
      const { alpnCallback } = handlers;
      const name = handlers.context.runInAsyncScope(alpnCallback, socket, socket, serverName, protocols);
      if (name === false) return '';
      if (isError(name)) throw name;
      // Only a string or a String object counts, but what cannot become one throws, as in Bun.
      const text = `${name}`;
      return (typeof name === 'string' || types.isStringObject(name)) && offers(protocols, text) ? text : null;
    } catch (error) {
      handlers.fail(socket, error);
      return null;
    }
  }

  close() {
    if (this.#asking) this.#leave('close');
    else if (this.isOpen && this.tls.isPending) this.#giveUp(native.close);
    else if (this.isOpen) super.close();
    // The handler that is being told of the failure closes it.
    else if (this.failing) this.over();
  }

  terminate() {
    if (this.#asking) this.#leave('terminate');
    // As in Bun: in the middle of its handshake a client leaves with FIN, one that takes any certificate excepted.
    else if (this.isOpen && this.tls.isPending) {
      this.#giveUp(this.tls.rejects ? native.close : native.terminate);
    } else if (this.isOpen) super.terminate();
    else if (this.failing) {
      if (this.#held !== undefined) this.#held.leave = native.terminate;
      this.over();
    }
  }

  /**
   * The program closes it in the middle of the handshake, of which the handlers are told first: the socket is still there for them.
   * @param {(slot: number) => void} leave
   */
  #giveUp(leave) {
    // As in Bun: a client says its first words, whatever becomes of them.
    if (this.tls.hasYetToBegin && !this.shut) this.tls.shake();
    this.#held = { slot: this.vacate(), leave };
    this.over();
  }

  /** The handler that is being asked closes the connection: it is closed when the handler has returned. @param {'close' | 'terminate'} how */
  #leave(how) {
    this.ending = true;
    this.#leaving ??= how;
  }

  /** Ciphertext has come. @param {number} length */
  tapped(length) {
    this.raw?.received(length);
  }

  /** The peer has broken the rules, or says that we have. */
  broken() {
    const error = protocolError(/** @type {{ message: string }} */ (engine.protocolFailure()));
    this.slot = -1;
    this.failing = true;
    this.tls.distrust(error);
    if (diagnostics.failed.hasSubscribers) diagnostics.failed.publish({ socket: this.socket, error });
    // Without an `error` handler this is no uncaught exception: a peer must not be able to end the process.
    if (this.handlers.error === undefined) {
      this.over();
    } else {
      this.handlers.hand(this.socket, error);
      this.#then(this.over);
    }
  }

  /** @param {Error} [error] */
  over(error) {
    this.slot = -1;
    if (this.tls.isPending) {
      // The program has closed it in the middle.
      this.tls.giveUp();
      // As in Bun: who has sent FIN has nobody to blame.
      this.#tellFailure(this.shut ? null : disconnected());
    }
    this.failing = false;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held?.leave(this.#held.slot);
    this.#held = undefined;
    lookSoon();
    this.raw?.over(error);
    super.over(error);
  }

  /** The socket is connected. Whether a handler was called. */
  begin() {
    const opened = this.#prepare();
    if (opened) this.#then(this.#shake);
    else this.#shake();
    return opened;
  }

  /** As `begin`, for a socket that was connected before: the handshake begins at once, and fails at once. */
  beginAtOnce() {
    this.#prepare();
    this.#shake(true);
  }

  /** What comes before the handshake. Whether a handler was called. */
  #prepare() {
    this.tls.prepare();
    const { handshake, open } = this.handlers;
    if (handshake === undefined) return false;
    this.open();
    return open !== undefined;
  }

  /** The handshake begins. */
  #shake(atOnce = false) {
    if (this.isOpen && this.shut) this.#shutBefore(atOnce);
    if (this.isOpen) this.tls.shake();
  }

  /**
   * As in Bun: what a handler has put off is done before the event that it was called for goes on.
   * @param {() => void} onward
   */
  #then(onward) {
    this.#onward = onward;
    goOnAfterTicks(this);
  }

  /** Ticks and microtasks have run. */
  goOn() {
    const onward = this.#onward;
    this.#onward = undefined;
    onward?.call(this);
  }

  /**
   * The program has sent FIN before the handshake began. As in Bun, it has failed then, for no reason that there would be an error for. The
   * native half goes through the motions, and tells when the peer has ended, too.
   * @param {boolean} atOnce
   */
  #shutBefore(atOnce) {
    this.tls.forgo();
    this.#publish(false, null);
    this.#shaken(false, null);
    if (!this.tls.rejects) return;
    if (atOnce) this.close();
    else this.#then(this.close);
  }

  // Called by the socket's methods.

  /** @param {boolean} withoutData */
  endEarly(withoutData) {
    // As in Bun: where no handshake has come of it, there is nothing to end.
    if (this.failing || this.tls.refused || this.tls.hasFailed) return withoutData ? 0 : -1;
    // As in Bun: after `shutdown`, and before the handshake is over, it is a `close`. With data it waits for the handshake.
    const closes = withoutData && (this.shut || this.tls.isPending);
    if (!closes) return undefined;
    this.close();
    return 0;
  }

  /**
   * As in Bun: once something has come after the first, it closes.
   * @param {boolean} withoutData
   */
  endAgain(withoutData) {
    if (!withoutData || !this.#answered) return -1;
    this.close();
    return 0;
  }

  /** As in Bun: once something has come after `end`, it closes. */
  flush() {
    if (this.ending && this.#answered && this.isOpen) this.close();
  }

  /** @param {Error | null} error */
  #tellFailure(error) {
    this.failing = true;
    this.#publish(false, error);
    this.#tell(false, error);
    this.tls.distrust(error);
  }

  /**
   * The handshake is over. As in Bun, it is the handlers of now that count: without one for it `open` is called, a second time perhaps,
   * and does not close the socket when it throws.
   * @param {boolean} success
   * @param {Error | null} error
   */
  #tell(success, error) {
    const { handshake, open } = this.handlers;
    if (handshake !== undefined) this.#shaken(success, error);
    else if (open !== undefined) this.handlers.callChecked(open, this.socket);
  }

  #tellSecrets() {
    for (const line of this.tls.keyLogLines()) {
      const { keylog } = this.handlers;
      if (keylog !== undefined && this.isOpen) this.handlers.callChecked(keylog, this.socket, line);
    }
  }

  #tellSessions() {
    const { session } = this.handlers;
    if (session === undefined || !this.isOpen) return;
    for (let count = this.tls.newSessions(); count > 0 && this.isOpen; count--) {
      const bytes = this.tls.getSession();
      if (bytes !== undefined) this.handlers.callChecked(session, this.socket, bytes);
    }
  }

  /**
   * @param {boolean} success
   * @param {Error | null} error
   */
  #publish(success, error) {
    const { socket } = this;
    if (diagnostics.shaken.hasSubscribers) diagnostics.shaken.publish({ socket, success, error });
  }

  /**
   * @param {boolean} success
   * @param {Error | null} error
   */
  #shaken(success, error) {
    const { handshake } = this.handlers;
    if (handshake !== undefined) this.handlers.callChecked(handshake, this.socket, success, error);
  }
}

/**
 * The raw half of an upgraded socket. It keeps the handlers of the plain socket, whose `data` gets the records as they come;
 * what it closes is the whole connection.
 *
 * Differs from Bun (14): nothing can be written to it. Bun puts such bytes between the records, which breaks the connection.
 */
class RawConnection extends Connection {
  /** @type {SecureConnection} */ #secure;
  /** The program has ended it, and no record has come since. */
  #detached = false;

  /**
   * @param {Connection} plain
   * @param {SecureConnection} secure
   */
  constructor(plain, secure) {
    super(plain.handlers, plain.data);
    this.listening = plain.listening;
    this.#secure = secure;
    this.tls = new RawTls(this, secure.tls);
  }

  get isOpen() {
    return this.#secure.isOpen;
  }

  get isAttached() {
    return this.#secure.isThere && !this.#detached;
  }

  get isLive() {
    return (this.#secure.isThere || this.#secure.failing) && !this.#detached;
  }

  get readyState() {
    return (this.#secure.isOpen || this.#secure.failing) && !this.#detached ? 1 : -1;
  }

  get handle() {
    return this.#secure.handle;
  }

  /** @param {number} length */
  received(length) {
    this.#detached = false;
    super.received(length);
  }

  // As in Bun, it is the other half that pauses.

  pause() {}

  resume() {}

  shutWrite() {
    this.#secure.shutWrite();
  }

  close() {
    this.#detached = true;
    this.#secure.close();
  }

  terminate() {
    this.#detached = true;
    this.#secure.terminate();
  }

  /** @param {boolean} withoutData */
  endEarly(withoutData) {
    const secure = this.#secure;
    if (!withoutData) return -1;
    if (secure.failing || secure.tls.refused) return 0;
    if (secure.shut || secure.ending || secure.peerEnded || secure.tls.isPending) {
      this.close();
    } else {
      this.#detached = true;
      secure.shutWrite();
      secure.resume();
    }
    return 0;
  }
}

/**
 * Whether a client's list, in the wire format, has this protocol.
 * @param {Buffer} protocols
 * @param {string} name
 */
function offers(protocols, name) {
  for (let at = 0; at < protocols.length; at += 1 + protocols[at]) {
    if (name !== '' && protocols.toString('latin1', at + 1, at + 1 + protocols[at]) === name) return true;
  }
  return false;
}

module.exports = { RawConnection, SecureConnection };
