'use strict';
// The socket that programs hold.

// Not the global one, as elsewhere in lib/: test environments such as jsdom have other globals, or none.
const { TextEncoder } = require('node:util');
const { copyBytes, native, record, scratch } = require('./engine');
const { invalidThis, invalidType, outOfBounds } = require('./errors');
const { Handlers } = require('./handlers');
const { finish, wrongAccessor } = require('./members');
const { BAD_DESCRIPTOR } = require('./native');
const { bytesOf } = require('./payload');

/** @typedef {import('./connection').Connection} Connection */

/** Data up to this length is copied into the scratch memory: cheaper than asking Node-API where an array's bytes are. */
const SMALL = 2048;
/** A string of this length surely fits the scratch memory, at three bytes of UTF-8 for a UTF-16 unit at most. */
const SHORT_STRING = Math.floor(scratch.length / 3);
/** The largest idle time that Bun takes, in milliseconds. */
const LONGEST_IDLE = 0x7fffffff;

const encoder = new TextEncoder();

/**
 * Makes a class of sockets. `TCPSocket` and `TLSSocket` differ in their names and in two members only.
 * @param {'TCPSocket' | 'TLSSocket'} tag
 */
function defineSocket(tag) {
  class Socket {
    /** @type {Connection} */ #connection;
    /** What the addresses were when they were first read. @type {any} */ #seenLocal = undefined;
    /** @type {any} */ #seenRemote = undefined;

    /** @param {Connection} connection */
    constructor(connection) {
      this.#connection = connection;
    }

    /** @param {any} self @returns {Socket} */
    static #own(self) {
      if (typeof self !== 'object' || self === null || !(#connection in self)) throw invalidThis(tag, self);
      return self;
    }

    /** @param {any} self @param {string} name @param {'getter' | 'setter'} [kind] @returns {Connection} */
    static #of(self, name, kind) {
      if (typeof self !== 'object' || self === null || !(#connection in self)) throw wrongAccessor(tag, name, kind);
      return self.#connection;
    }

    /** What is behind a socket of this class; undefined for anything else. @param {any} value @returns {Connection | undefined} */
    static connectionOf(value) {
      return typeof value === 'object' && value !== null && #connection in value ? value.#connection : undefined;
    }

    get alpnProtocol() {
      return Socket.#of(this, 'alpnProtocol').tls.alpnProtocol;
    }

    get authorized() {
      return Socket.#of(this, 'authorized').tls.authorized;
    }

    get bytesWritten() {
      return Socket.#of(this, 'bytesWritten').written;
    }

    get data() {
      return Socket.#of(this, 'data').data;
    }

    set data(value) {
      Socket.#of(this, 'data', 'setter').data = value;
    }

    get fd() {
      const connection = Socket.#of(this, 'fd');
      return connection.isAttached ? connection.handle.descriptor() : -1;
    }

    get listener() {
      const connection = Socket.#of(this, 'listener');
      return connection.isAttached ? connection.listening?.listener : undefined;
    }

    get localAddress() {
      Socket.#of(this, 'localAddress');
      return this.#local()?.address;
    }

    get localFamily() {
      Socket.#of(this, 'localFamily');
      return this.#local()?.family;
    }

    get localPort() {
      Socket.#of(this, 'localPort');
      return this.#local()?.port;
    }

    get readyState() {
      return Socket.#of(this, 'readyState').readyState;
    }

    get remoteAddress() {
      Socket.#of(this, 'remoteAddress');
      return this.#remote()?.address;
    }

    get remoteFamily() {
      Socket.#of(this, 'remoteFamily');
      return this.#remote()?.family;
    }

    get remotePort() {
      // As in Bun, the one address property that is not kept.
      return Socket.#of(this, 'remotePort').isAttached ? this.#remote()?.port : undefined;
    }

    close() {
      const connection = Socket.#own(this).#connection;
      if (connection.isLive) connection.close();
    }

    disableRenegotiation() {
      Socket.#own(this);
    }

    end(
      /** @type {any} */ data,
      /** @type {any} */ byteOffset,
      /** @type {any} */ byteLength,
      /** @type {any} */ encoding = undefined,
    ) {
      const connection = Socket.#own(this).#connection;
      if (!connection.isAttached) return -1;
      if (connection.ending) return connection.endAgain(data === undefined);
      const early = connection.endEarly(data === undefined);
      if (early === -1) return refuse(connection, 'end', data, byteOffset, byteLength, encoding);
      if (early !== undefined) return early;
      if (data === undefined) {
        native.end(connection.slot, 0);
        connection.finish(record[0] === 1, 0);
        return 0;
      }
      const bytes = bytesOf(data, byteOffset, byteLength, encoding, 'end');
      // As in Bun: where nothing can be sent, nothing ends.
      if (connection.shut) return -1;
      native.endBytes(connection.slot, bytes);
      if (record[0] === -1) return -1;
      connection.finish(record[0] === 1, bytes.length);
      return bytes.length;
    }

    /** @this {any} */
    exportKeyingMaterial(/** @type {any} */ _length, /** @type {any} */ _label, /** @type {any} */ _context) {
      // An undefined context is a wrong one; it must be left out.
      return Socket.#own(this).#connection.tls.exportKeyingMaterial(...arguments);
    }

    flush() {
      Socket.#own(this).#connection.flush();
    }

    getAuthorizationError() {
      return Socket.#own(this).#connection.tls.getAuthorizationError();
    }

    getCertificate() {
      return Socket.#own(this).#connection.tls.getCertificate();
    }

    getCipher() {
      return Socket.#own(this).#connection.tls.getCipher();
    }

    getEphemeralKeyInfo() {
      return Socket.#own(this).#connection.tls.getEphemeralKeyInfo();
    }

    getPeerCertificate(/** @type {any} */ abbreviated) {
      const { tls } = Socket.#own(this).#connection;
      return arguments.length === 0 ? tls.getPeerCertificate() : tls.getPeerCertificate(abbreviated);
    }

    getPeerX509Certificate() {
      return Socket.#own(this).#connection.tls.getPeerX509Certificate();
    }

    getServername() {
      return Socket.#own(this).#connection.tls.getServername();
    }

    getSession() {
      return Socket.#own(this).#connection.tls.getSession();
    }

    getSharedSigalgs() {
      return Socket.#own(this).#connection.tls.getSharedSigalgs();
    }

    getTLSFinishedMessage() {
      return Socket.#own(this).#connection.tls.getTLSFinishedMessage();
    }

    getTLSPeerFinishedMessage() {
      return Socket.#own(this).#connection.tls.getTLSPeerFinishedMessage();
    }

    getTLSTicket() {
      return Socket.#own(this).#connection.tls.getTLSTicket();
    }

    getTLSVersion() {
      return Socket.#own(this).#connection.tls.getTLSVersion();
    }

    getTypeOfService() {
      const connection = Socket.#own(this).#connection;
      return connection.isAttached ? connection.handle.serviceType() : -BAD_DESCRIPTOR;
    }

    getX509Certificate() {
      return Socket.#own(this).#connection.tls.getX509Certificate();
    }

    isSessionReused() {
      return Socket.#own(this).#connection.tls.isSessionReused();
    }

    pause() {
      const connection = Socket.#own(this).#connection;
      if (connection.isAttached) connection.pause();
    }

    ref() {
      Socket.#own(this).#connection.reference(true);
    }

    /** @this {any} */
    reload(/** @type {any} */ options) {
      const connection = Socket.#own(this).#connection;
      if (arguments.length === 0) throw new Error('Expected 1 argument');
      if (!connection.isAttached) return;
      if (options === null || (typeof options !== 'object' && typeof options !== 'function')) {
        throw new Error('Expected options object');
      }
      const { socket } = options;
      if (socket === undefined) throw new Error('Expected "socket" option');
      connection.handlers.replace(new Handlers(socket).check());
    }

    renegotiate() {
      return Socket.#own(this).#connection.tls.renegotiate();
    }

    resume() {
      const connection = Socket.#own(this).#connection;
      if (connection.isAttached) connection.resume();
    }

    resumeSNI(/** @type {any} */ _error, /** @type {any} */ _context) {
      Socket.#own(this);
    }

    setKeepAlive(/** @type {any} */ enable, /** @type {any} */ initialDelay) {
      const connection = Socket.#own(this).#connection;
      // As in Bun: whole seconds count, and what is less than one leaves the delay as it is.
      const idle = initialDelay === undefined ? 0 : Math.trunc(milliseconds(initialDelay) / 1000) * 1000;
      return connection.isAttached && connection.handle.keepAlive(Boolean(enable), idle);
    }

    setKeyCert(/** @type {any} */ keyCert) {
      return Socket.#own(this).#connection.tls.setKeyCert(keyCert);
    }

    setMaxSendFragment(/** @type {any} */ size) {
      return Socket.#own(this).#connection.tls.setMaxSendFragment(size);
    }

    setNoDelay(/** @type {any} */ noDelay) {
      const connection = Socket.#own(this).#connection;
      if (!connection.isAttached) return false;
      connection.handle.noDelay(noDelay === undefined || Boolean(noDelay));
      // As in Bun: a unix socket has no delay to begin with.
      return true;
    }

    /** @this {any} */
    setServername(/** @type {any} */ name) {
      if (arguments.length === 0) return Socket.#own(this).#connection.tls.setServername();
      return Socket.#own(this).#connection.tls.setServername(name);
    }

    setSession(/** @type {any} */ session) {
      return Socket.#own(this).#connection.tls.setSession(session);
    }

    setTypeOfService(/** @type {any} */ tos) {
      const connection = Socket.#own(this).#connection;
      const type = tos === undefined ? 0 : typeOfService(tos);
      return connection.isAttached ? connection.handle.setServiceType(type) : -BAD_DESCRIPTOR;
    }

    /** @this {any} */
    setVerifyMode(/** @type {any} */ requestCert, /** @type {any} */ rejectUnauthorized) {
      if (arguments.length < 2) return Socket.#own(this).#connection.tls.setVerifyMode();
      return Socket.#own(this).#connection.tls.setVerifyMode(requestCert, rejectUnauthorized);
    }

    shutdown(/** @type {any} */ halfClose) {
      const connection = Socket.#own(this).#connection;
      if (!connection.isAttached) return;
      if (halfClose) {
        connection.handle.shutRead();
      } else {
        connection.shutWrite();
      }
    }

    terminate() {
      const connection = Socket.#own(this).#connection;
      if (connection.isLive) connection.terminate();
    }

    /** @this {any} */
    timeout(/** @type {any} */ seconds) {
      const connection = Socket.#own(this).#connection;
      if (!connection.isAttached) return;
      if (arguments.length === 0) throw new Error('Expected 1 argument, got 0');
      // Converted to a 32-bit integer, as in Bun: NaN, Infinity and the like are 0, "off".
      const number = typeof seconds === 'bigint' ? Number(seconds) : seconds;
      if (Number(number) <= -1) throw new Error('Timeout must be a positive integer');
      connection.setTimeout(Math.max(number | 0, 0));
    }

    unref() {
      Socket.#own(this).#connection.reference(false);
    }

    /** @this {any} */
    upgradeTLS(/** @type {any} */ options) {
      const connection = Socket.#own(this).#connection;
      // Here and not above: that module needs this one.
      const { upgrade } = require('./upgrade');
      return arguments.length === 0 ? upgrade(connection) : upgrade(connection, options);
    }

    // Bun's `length` is 3, which a parameter with a default does not count to.
    write(
      /** @type {any} */ data,
      /** @type {any} */ byteOffset,
      /** @type {any} */ byteLength,
      /** @type {any} */ encoding = undefined,
    ) {
      if (typeof this !== 'object' || this === null || !(#connection in this)) throw invalidThis(tag, this);
      const connection = this.#connection;
      const { slot } = connection;
      if (slot === -1 || connection.ending) return refuse(connection, 'write', data, byteOffset, byteLength, encoding);
      if (byteOffset === undefined && byteLength === undefined && encoding === undefined) {
        if (typeof data === 'string') {
          if (data.length <= SHORT_STRING) {
            record[1] = encoder.encodeInto(data, scratch).written;
            record[0] = slot;
            native.write();
            return connection.wrote(record[0]);
          }
        } else if (data instanceof Uint8Array) {
          const length = data.length;
          if (length <= SMALL) {
            // What has been detached has no bytes either, and cannot be copied.
            if (length > 0) copyBytes(scratch, data);
            record[0] = slot;
            record[1] = length;
            native.write();
            return connection.wrote(record[0]);
          }
          if (data.buffer instanceof ArrayBuffer) {
            native.writeBytes(slot, data);
            return connection.wrote(record[0]);
          }
        } else if (data === undefined) {
          return 0;
        }
      } else if (data === undefined) {
        return 0;
      }
      native.writeBytes(slot, bytesOf(data, byteOffset, byteLength, encoding, 'write'));
      return connection.wrote(record[0]);
    }

    #local() {
      return (this.#seenLocal ??= this.#connection.isAttached ? this.#connection.handle.localEndpoint() : undefined);
    }

    #remote() {
      return (this.#seenRemote ??= this.#connection.isAttached ? this.#connection.handle.remoteEndpoint() : undefined);
    }
  }

  if (tag === 'TCPSocket') {
    // As in Bun, plain sockets do not have these two.
    Reflect.deleteProperty(Socket.prototype, 'getPeerX509Certificate');
    Reflect.deleteProperty(Socket.prototype, 'getX509Certificate');
  }
  const { end } = Socket.prototype;
  const { dispose } = {
    // As in Bun, it is `end` by another name, arguments included, whatever a program has put in the other's place.
    dispose(/** @type {any[]} */ ...args) {
      return Reflect.apply(end, this, args);
    },
  };
  finish(tag, Socket, dispose);
  return Socket;
}

/** @param {unknown} value */
function milliseconds(value) {
  if (typeof value !== 'number') {
    throw invalidType(`The "initialDelay" property must be of type number. Received ${typeof value}`);
  }
  if (Number.isNaN(value)) return 0;
  if (value < 0 || value > LONGEST_IDLE) throw outOfBounds('initialDelay', 0, Number.MAX_SAFE_INTEGER, value);
  if (!Number.isInteger(value)) {
    throw invalidType('The "initialDelay" property must be of type integer. Received number');
  }
  return value;
}

/** @param {unknown} value */
function typeOfService(value) {
  if (typeof value !== 'number') {
    throw invalidType(`The "tos" property must be of type number. Received ${typeof value}`);
  }
  if (Number.isNaN(value) || (Number.isFinite(value) && !Number.isInteger(value))) {
    throw invalidType('The "tos" property must be of type integer. Received number');
  }
  if (value < 0 || value > 255) throw outOfBounds('tos', 0, 255, value);
  return value;
}

const TCPSocket = defineSocket('TCPSocket');

/**
 * What `write`, or `end` with data, answers where nothing can be sent. As in Bun the arguments are looked at while the handlers are told
 * why, and a connection that the peer has left has still taken nothing where nothing was given.
 * @param {import('./connection').Connection} connection
 * @param {'write' | 'end'} method
 * @param {any} data
 * @param {any} byteOffset
 * @param {any} byteLength
 * @param {any} encoding
 */
function refuse(connection, method, data, byteOffset, byteLength, encoding) {
  if (!connection.mindsArguments) return -1;
  if (data === undefined) return 0;
  const bytes = bytesOf(data, byteOffset, byteLength, encoding, method);
  if (bytes.length > 0) return -1;
  // As in Bun: nothing is something that it takes.
  if (connection.isLeaving) return 0;
  if (!connection.isOpen) return -1;
  native.writeBytes(connection.slot, bytes);
  return record[0];
}

module.exports = { TCPSocket, defineSocket };
