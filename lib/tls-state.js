'use strict';
// The TLS side of a socket: what the program wants of the handshake, and what it has settled.

const { Buffer } = require('node:buffer');
const { X509Certificate } = require('node:crypto');
const net = require('node:net');
const tls = require('node:tls');
const { types } = require('node:util');
const { describe, describeWithIssuers } = require('./certificate');
const { record, scratch } = require('./engine');
const { outOfBounds } = require('./errors');
const { NO_TLS } = require('./no-tls');
const { noContextOfNode } = require('./tls-options');

/**
 * @typedef {import('./tls-options').TlsEntry} TlsEntry
 * @typedef {object} Report see `HandshakeReport` in `src/binding/tls.rs`
 * @property {boolean} hungUp
 * @property {boolean} timedOut
 * @property {number} [errno]
 * @property {{ message: string }} [protocol]
 * @property {{ code: string, message: string }} [problem]
 * @property {Buffer[]} peerChain
 * @property {string} [serverName]
 *
 * @typedef {object} Side what a listener's connections have in common, or the one connection of a client
 * @property {any} context a `ClientTls` or `ServerTls`
 * @property {TlsEntry} entry
 * @property {boolean} isServer
 * @property {boolean} asksForCertificate whether the peer of a server is asked for a certificate
 * @property {string | undefined} host
 */

// The program may still say what it wants.
const BEFORE = 0;
const SHAKING = 1;
const DONE = 2;
const FAILED = 3;

// What the native half says of a handshake that has succeeded; `src/binding/hot.rs` has the same bits.
const AUTHORIZED = 1;
const REFUSED = 2;
const NAME_MATCHES = 4;
const HAS_PROBLEM = 8;
const HAS_PROTOCOL = 16;

/** Where the native half leaves the name that a client has announced, of up to 255 bytes. */
const announced = Buffer.from(scratch.buffer, scratch.byteOffset, 255);

/** BoringSSL's limits, in bytes. */
const SMALLEST_FRAGMENT = 512;
const LARGEST_FRAGMENT = 16384;

/** What a server's certificate must be for when neither a host nor a `serverName` says so, as in Bun: on unix sockets. */
const NAME_OF_NO_HOST = 'localhost';

/** TLS allows 255 hash lengths; longer requests than any hash gives are not worth a trip. */
const LONGEST_KEYING_MATERIAL = 255 * 64;
/** More than any buffer of Bun's holds is another error there, and what no 64 bits hold a third one. */
const LARGEST_BUFFER = 2 ** 32;
const LARGEST_INTEGER = 2 ** 63;

const SERVERS_ANNOUNCE_NOTHING = 'Cannot issue SNI from a TLS server-side socket';

class TlsState {
  authorized = false;
  /** The peer was not authorized and must be: nothing is written and nothing delivered. */
  refused = false;
  /** Whether the handshake's success is worth that name: false when this client refuses the server. */
  success = true;
  /** Bytes of the peer's that were received before the upgrade. @type {Buffer | undefined} */
  initialData = undefined;

  #phase = BEFORE;
  /** @type {string | false} */ #alpn = false;
  /** @type {import('./connection').Connection} */ #connection;
  /** @type {Side} */ #side;
  /** Undefined as long as nothing has been verified: an Error takes 40 µs, and few ask. @type {Error | null | undefined} */ #error;
  /** @type {string | undefined} */ #serverName = undefined;
  /** @type {Buffer | undefined} */ #session = undefined;
  /** @type {[boolean, boolean] | undefined} */ #verifyMode = undefined;
  /** @type {number | undefined} */ #fragment = undefined;
  /** Who knows what the `keylog` and `session` handlers are told. @type {any} */ #witness = undefined;
  /** A server's program is being asked what becomes of the client. */
  #isAsked = false;
  /** It is the raw half that asks. */
  #forRaw = false;
  /** Of a peer that was refused in the handshake. @type {Buffer[] | undefined} */ #refusedChain = undefined;

  /**
   * @param {import('./connection').Connection} connection
   * @param {Side} side
   */
  constructor(connection, side) {
    this.#connection = connection;
    this.#side = side;
    // Differs from Bun (5): a server that asks for no certificate has nothing to complain about.
    this.#error = side.isServer && !side.asksForCertificate ? null : undefined;
  }

  get alpnProtocol() {
    return this.#isLive ? this.#alpn : false;
  }

  /** Whether the handshake is still to come or under way. */
  get isPending() {
    return this.#phase === BEFORE || this.#phase === SHAKING;
  }

  /** Whether no handshake has come of it. */
  get hasFailed() {
    return this.#phase === FAILED;
  }

  /** From here on nothing leaves or comes in plain text. */
  prepare() {
    // A listener's connections have waited for theirs from the beginning.
    if (!this.#side.isServer || this.#connection.isTapped) this.#handle.expectHandshake(this.#connection.isTapped);
  }

  /** Whether this client closes the connection to a server that it does not trust. */
  get rejects() {
    return !this.#side.isServer && (this.#verifyMode?.[1] ?? this.#side.entry.rejectUnauthorized);
  }

  /** Whether this side says the first words of the handshake and has not begun. */
  get hasYetToBegin() {
    return !this.#side.isServer && this.#phase === BEFORE;
  }

  /** Begins the handshake. */
  shake() {
    if (this.#phase === BEFORE) this.#phase = SHAKING;
    const [requestCert, rejectUnauthorized] = this.#verifyMode ?? [];
    const tapped = this.#connection.isTapped;
    const { initialData } = this;
    const { keylog, session, serverName: choosesName, alpnCallback } = this.#connection.handlers;
    const witnessed = keylog !== undefined || session !== undefined;
    const asks = choosesName !== undefined || alpnCallback !== undefined;
    // Most of a server's connections have no wishes, and reading six of them costs some time.
    if (this.#side.isServer && !(witnessed || asks || tapped || initialData || this.#verifyMode)) {
      this.#handle.shakeAsServer(this.#side.context);
      return;
    }
    const common = { rejectUnauthorized, initialData, witnessed };
    if (this.#side.isServer) {
      this.#witness = this.#handle.shakeAsServer(this.#side.context, { requestCert, asks, ...common }) ?? undefined;
    } else {
      const wishes = { host: this.#side.host, serverName: this.#serverName, session: this.#session };
      this.#witness = this.#handle.shakeAsClient(this.#side.context, { ...wishes, ...common }) ?? undefined;
    }
  }

  /** What the client wants, while the program is asked. @returns {{ serverName?: string, protocols?: Buffer }} */
  hello() {
    const { serverName, protocols } = this.#handle.hello() ?? {};
    this.#isAsked = true;
    this.#serverName = serverName ?? undefined;
    return { serverName: serverName ?? undefined, protocols: protocols ?? undefined };
  }

  /** @param {boolean | string | null} answer see `SocketHandle.choose` */
  choose(answer) {
    this.#isAsked = false;
    this.#handle.choose(answer);
  }

  /**
   * The handshake has succeeded. Returns what the handshake handler is told.
   * @param {number} settled bits of what it settled
   * @returns {Error | null}
   */
  settle(settled) {
    this.#phase = DONE;
    this.initialData = undefined;
    const nameLength = record[3];
    if (this.#side.isServer)
      this.#serverName = nameLength > 0 ? announced.toString('latin1', 0, nameLength) : undefined;
    const handle = this.#handle;
    this.authorized = (settled & AUTHORIZED) !== 0;
    this.refused = (settled & REFUSED) !== 0;
    this.#alpn = settled & HAS_PROTOCOL ? handle.protocol() : false;
    this.#error = settled & HAS_PROBLEM ? this.#certificateError(handle.problem(), handle.peerChain()) : null;
    // As in Bun: a server calls even a handshake with a refused client a success, a client not even a lenient one with a
    // certificate for another name.
    this.success = this.#side.isServer || (!this.refused && (settled & NAME_MATCHES) !== 0);
    if (this.#fragment !== undefined) this.#handle.setFragment(this.#fragment);
    if (this.#witness !== undefined && !this.#side.isServer) this.#handle.announce();
    return this.#error;
  }

  /** The handshake has failed without an error, or one that nobody is told of. */
  forgo() {
    this.#phase = FAILED;
    this.#error = null;
  }

  /** The connection is over before the handshake was. */
  giveUp() {
    this.#phase = FAILED;
  }

  /**
   * The handshake has failed, or the peer has broken the rules after it. As in Bun, it is not authorized from now on, and
   * `getAuthorizationError` says why.
   * @param {Error | null} error
   */
  distrust(error) {
    this.authorized = false;
    this.#error = error;
  }

  /**
   * The handshake has failed. Returns what the handshake handler is told; nothing when the transport failed.
   * @param {Report} report
   * @returns {Error | undefined}
   */
  fail({ hungUp, timedOut, protocol, problem, peerChain, serverName }) {
    this.#phase = FAILED;
    this.#refusedChain = peerChain;
    if (this.#side.isServer) this.#serverName = serverName ?? undefined;
    if (problem) {
      this.#error = this.#certificateError(problem, peerChain);
      return this.#error;
    }
    if (protocol) {
      this.#error = protocolError(protocol);
      return this.#error;
    }
    if (timedOut) return tlsError('TLS handshake timed out', 'ERR_TLS_HANDSHAKE_TIMEOUT');
    if (hungUp) return disconnected();
    this.#error = null;
    return undefined;
  }

  /** Whether Bun tells the secrets after the handshake, not before: it does so on the side that has the last word in it. */
  get tellsLate() {
    return this.#witness !== undefined && this.#side.isServer === (this.#handle.cipher()?.version === 'TLSv1.2');
  }

  /** The lines of the key log that nobody was told yet. @returns {Buffer[]} */
  keyLogLines() {
    return this.#witness?.lines() ?? [];
  }

  /** How many sessions the server has given of which nobody was told yet. @returns {number} */
  newSessions() {
    return this.#witness?.sessions() ?? 0;
  }

  exportKeyingMaterial(/** @type {any[]} */ ...args) {
    const [length, label, context] = args;
    if (!this.#isLive) return undefined;
    if (args.length < 2) throw new Error('Expected length and label to be provided');
    if (typeof length !== 'number') throw new Error('Expected length to be a number');
    if (!(length >= 0 && length < LARGEST_INTEGER)) throw new Error('Expected length to be a positive number');
    if (!isStringLike(label)) throw new Error('Expected label to be a string');
    const bytes = args.length < 3 ? undefined : bytesOf(context);
    if (args.length >= 3 && bytes === undefined) {
      throw new Error('Expected context to be a string, Buffer or TypedArray');
    }
    const name = `${label}`;
    // Turning an object into text runs the program's code, which may have closed the socket.
    if (!this.#isLive) return undefined;
    if (this.#phase !== DONE) throw new Error('OpenSSL HANDSHAKE_NOT_COMPLETE via OPENSSL_internal SSL routines');
    if (length > LARGEST_BUFFER) throw outOfBounds('size', 0, LARGEST_BUFFER, inGroups(Math.trunc(length)));
    const isTooLong = length > LONGEST_KEYING_MATERIAL;
    const material = isTooLong ? undefined : this.#handle.keyingMaterial(Math.trunc(length), name, bytes);
    if (!material) throw new Error('OpenSSL OUTPUT_TOO_LARGE via OPENSSL_internal HKDF functions');
    return material;
  }

  getAuthorizationError() {
    if (this.#error === undefined) this.#error = nothingVerified();
    return this.#error;
  }

  getCertificate() {
    const certificate = this.getX509Certificate();
    return certificate === undefined ? undefined : describe(certificate);
  }

  getCipher() {
    if (!this.#isLive) return undefined;
    const cipher = this.#phase === DONE ? this.#handle.cipher() : undefined;
    return cipher ?? { name: null, standardName: null, version: null };
  }

  getEphemeralKeyInfo() {
    if (!this.#isLive || this.#side.isServer) return null;
    const curve = this.#phase === DONE ? this.#handle.curve() : undefined;
    return curve ? { type: 'ECDH', ...curve } : {};
  }

  getPeerCertificate(/** @type {any[]} */ ...args) {
    const [abbreviated] = args;
    if (args.length > 0 && typeof abbreviated !== 'boolean') {
      throw new Error('Expected abbreviated to be a boolean');
    }
    const [leaf, ...others] = this.#peerChain();
    if (leaf === undefined) return undefined;
    if (abbreviated !== false) return describe(new X509Certificate(leaf));
    return describeWithIssuers(leaf, [...others, ...(this.#side.entry.ca ?? [])]);
  }

  getPeerX509Certificate() {
    const [leaf] = this.#peerChain();
    return leaf === undefined ? undefined : new X509Certificate(leaf);
  }

  getServername() {
    if (!this.#isLive) return undefined;
    if (this.#side.isServer) return this.#serverName;
    // As in Bun, `setServername` with an empty name does not change what is announced.
    const name = (this.#serverName || this.#side.entry.serverName) ?? this.#side.host;
    // Differs from Bun (6): an address is not announced.
    return name === undefined || name === '' || net.isIP(name) !== 0 ? undefined : name;
  }

  getSession() {
    return this.#whenDone((handle) => handle.sessionHandle());
  }

  getSharedSigalgs() {
    return this.#isLive ? [] : null;
  }

  getTLSFinishedMessage() {
    return this.#whenDone((handle) => handle.finished());
  }

  getTLSPeerFinishedMessage() {
    return this.#whenDone((handle) => handle.peerFinished());
  }

  getTLSTicket() {
    return this.#whenDone((handle) => handle.ticket());
  }

  getTLSVersion() {
    if (!this.#isLive) return null;
    return (this.#phase === DONE ? this.#handle.cipher()?.version : undefined) ?? 'TLSv1.2';
  }

  getX509Certificate() {
    if (!this.#isLive) return undefined;
    // A client has shown its certificate only if it was asked for it; Bun tells what it would show.
    const own = this.#phase === DONE ? this.#handle.ownCertificate() : this.#side.context.certificate();
    return own ? new X509Certificate(own) : undefined;
  }

  isSessionReused() {
    return this.#whenDone((handle) => handle.isResumed()) ?? false;
  }

  renegotiate() {
    if (!this.#isLive) return;
    throw new Error('OpenSSL function should not have been called via OPENSSL_internal SSL routines');
  }

  setKeyCert(/** @type {any} */ context) {
    if (!this.#isLive) return;
    noContextOfNode(context);
    throw new Error('setKeyCert requires a SecureContext');
  }

  setMaxSendFragment(/** @type {any} */ size) {
    if (typeof size !== 'number') throw new Error('Expected size to be a number');
    if (!this.#isLive) return false;
    const whole = Math.trunc(size);
    if (!(whole >= SMALLEST_FRAGMENT && whole <= LARGEST_FRAGMENT)) return false;
    if (this.#phase === DONE) return this.#handle.setFragment(whole);
    this.#fragment = whole;
    return true;
  }

  setServername(/** @type {any[]} */ ...args) {
    // As in Bun, these are looked at on a closed socket, too. Its upgraded sockets do not know that they are servers.
    if (this.#side.isServer && !this.#connection.isTapped) throw new Error(SERVERS_ANNOUNCE_NOTHING);
    if (args.length === 0) throw new Error('Expected 1 argument');
    if (!isStringLike(args[0])) throw new Error('Expected "serverName" to be a string');
    const name = `${args[0]}`;
    if (!this.#isLive) return;
    const change = () => (this.#serverName = name);
    const isEarly = this.#side.isServer ? this.isPending : this.#whenEarly(change) || this.#demand(change, name);
    if (!isEarly && name !== '') throw new Error('Already started.');
  }

  setSession(/** @type {any} */ session) {
    if (!this.#isLive) return;
    const bytes = bytesOf(session);
    if (bytes === undefined) throw new Error('Expected session to be a string, Buffer or TypedArray');
    this.#whenEarly(() => (this.#session = bytes));
  }

  setVerifyMode(/** @type {any[]} */ ...args) {
    if (!this.#isLive) return;
    if (args.length < 2) throw new Error('Expected requestCert and rejectUnauthorized arguments');
    const [requestCert, rejectUnauthorized] = args;
    if (typeof requestCert !== 'boolean' || typeof rejectUnauthorized !== 'boolean') {
      throw new Error('Expected requestCert and rejectUnauthorized arguments to be boolean');
    }
    if (this.#isAsked) {
      this.#handle.setVerifyMode(requestCert, rejectUnauthorized);
      return;
    }
    const change = () => (this.#verifyMode = [requestCert, rejectUnauthorized]);
    // What a client verifies is not up to the first argument, which is about asking.
    if (!this.#whenEarly(change)) this.#demand(change, undefined, rejectUnauthorized);
  }

  /**
   * Changes what a client demands of its server's certificate while the handshake is under way. Whether it is.
   * @param {() => void} change
   * @param {string} [name]
   * @param {boolean} [rejectUnauthorized]
   */
  #demand(change, name, rejectUnauthorized) {
    if (this.#phase !== SHAKING || !this.#handle.demand(name, this.#side.host, rejectUnauthorized)) return false;
    change();
    return true;
  }

  /**
   * Changes what the handshake begins with, unless it has begun. As in Bun, that of an upgraded socket that waits for its peer's first words
   * does so when `upgradeTLS` has returned and the program lets it: until then it is taken back and given anew.
   * @param {() => void} change
   */
  #whenEarly(change) {
    const again = this.#phase === SHAKING && this.#connection.isTapped && this.#handle.takeBack();
    if (this.#phase !== BEFORE && !again) return false;
    change();
    if (again) this.shake();
    return true;
  }

  get #handle() {
    return this.#connection.handle;
  }

  get #isLive() {
    return this.#forRaw || this.#connection.isLive;
  }

  /**
   * Answers the raw half of an upgraded socket, which may be open although this one is not any more.
   * @param {string} name of a method
   * @param {any[]} args
   */
  askForRaw(name, args) {
    this.#forRaw = true;
    try {
      return /** @type {any} */ (this)[name](...args);
    } finally {
      this.#forRaw = false;
    }
  }

  /**
   * @template T
   * @param {(socket: any) => T} question
   */
  #whenDone(question) {
    return this.#isLive && this.#phase === DONE ? (question(this.#handle) ?? undefined) : undefined;
  }

  /** @returns {Buffer[]} */
  #peerChain() {
    if (!this.#isLive) return [];
    return this.#phase === DONE ? this.#handle.peerChain() : (this.#refusedChain ?? []);
  }

  /**
   * @param {{ code: string, message: string }} problem
   * @param {Buffer[]} chain
   */
  #certificateError({ code, message }, chain) {
    // An empty name stands for the host, one that `setServername` gave too.
    const name = (this.#serverName ?? this.#side.entry.serverName) || this.#side.host || NAME_OF_NO_HOST;
    if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID' || chain.length === 0) {
      return tlsError(message, code);
    }
    // Node has the words, with the names that the certificate is good for.
    const certificate = new X509Certificate(chain[0]).toLegacyObject();
    return tlsError(tls.checkServerIdentity(name, certificate)?.message ?? message, code);
  }
}

/** What the raw half of an upgraded socket answers: it asks the other half, as long as it is open. */
class RawTls {
  alpnProtocol = /** @type {string | false} */ (false);
  authorized = false;
  #connection;
  #tls;

  /**
   * @param {import('./connection').Connection} connection
   * @param {TlsState} tls
   */
  constructor(connection, tls) {
    this.#connection = connection;
    this.#tls = tls;
  }

  setServername(/** @type {any[]} */ ...args) {
    if (this.#connection.listening !== undefined) throw new Error(SERVERS_ANNOUNCE_NOTHING);
    this.ask('setServername', args);
  }

  getAuthorizationError() {
    const error = this.ask('getAuthorizationError', []);
    // As in Bun: what is wrong with the name is found by the other half.
    return error?.code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? null : error;
  }

  /**
   * @param {string} name of a method
   * @param {any[]} args
   */
  ask(name, args) {
    return this.#connection.isLive ? this.#tls.askForRaw(name, args) : UNANSWERED[name];
  }
}

/** @type {Record<string, unknown>} */
const UNANSWERED = {
  getAuthorizationError: null,
  getEphemeralKeyInfo: null,
  getSharedSigalgs: null,
  getTLSVersion: null,
  isSessionReused: false,
  setMaxSendFragment: false,
};

for (const [name, value] of Object.entries(NO_TLS)) {
  if (typeof value !== 'function' || name in RawTls.prototype) continue;
  /** @this {RawTls} @param {any[]} args */
  const answer = function (...args) {
    return this.ask(name, args);
  };
  Object.defineProperty(RawTls.prototype, name, { value: answer });
}

/**
 * A copy of the bytes that `value` stands for.
 * @param {unknown} value
 * @returns {Buffer | undefined}
 */
function bytesOf(value) {
  if (isStringLike(value)) return Buffer.from(`${value}`);
  if (ArrayBuffer.isView(value)) return Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  return types.isAnyArrayBuffer(value) ? Buffer.from(value.slice(0)) : undefined;
}

/**
 * As in Bun, a String object is as good as a string.
 * @param {unknown} value
 */
function isStringLike(value) {
  return typeof value === 'string' || value instanceof String;
}

/**
 * As Node prints large numbers in such errors: 4_294_967_297.
 * @param {number} integer
 */
function inGroups(integer) {
  return `${integer}`.replaceAll(/\B(?=(?:\d{3})+$)/g, '_');
}

/**
 * @param {string} message
 * @param {string} code
 */
function tlsError(message, code) {
  return Object.assign(new Error(message), { code, errno: 0 });
}

/** @param {{ message: string }} report BoringSSL's text, in which its name of the reason is */
function protocolError({ message }) {
  return tlsError(message, 'EPROTO');
}

function disconnected() {
  return tlsError('Client network socket disconnected before secure TLS connection was established', 'ECONNRESET');
}

/** What OpenSSL says before there is anything to say. */
function nothingVerified() {
  return tlsError('unable to get issuer certificate', 'UNABLE_TO_GET_ISSUER_CERT');
}

module.exports = { RawTls, TlsState, bytesOf, disconnected, protocolError };
