'use strict';
// `connect`.

const net = require('node:net');
const { ClientConnection } = require('./connection');
const { engine, lookSoon } = require('./engine');
const { readOptions } = require('./options');
const { TCPSocket } = require('./socket');

/**
 * `Bun.connect`. No function that can be called with `new`, as on Bun.
 * @param {unknown} options
 * @returns {Promise<any>} rejected with a `Failed to connect` or `getaddrinfo ENOTFOUND` error
 * @throws {TypeError | RangeError} at once, for wrong options
 */
const connect = (options) => {
  const parsed = readOptions(options, 'Expected options object', true);
  const { signal } = parsed;
  const connection = parsed.tls === undefined ? plain(parsed) : secure(parsed);
  const promise = new Promise((resolve, reject) => {
    connection.promise = { resolve, reject, quieten: () => promise.catch(() => {}) };
  });
  connection.pausesFirst = parsed.pauseOnConnect;
  connection.target = parsed.hostname ?? '';
  const errno = signal?.aborted ? 0 : start(connection, parsed);
  const Socket = parsed.tls === undefined ? TCPSocket : require('./tls-socket').TLSSocket;
  connection.socket = new Socket(connection);
  lookSoon();
  // As in Bun: what is known at once is told at once.
  if (errno !== 0) connection.connectFailed(errno);
  else if (parsed.fd !== undefined && connection.isOpen) connection.connected(0);
  else if (signal !== undefined) connection.watch(signal);
  return promise;
};

/**
 * @param {ClientConnection} connection which gets its slot, unless this fails
 * @param {import('./options').SocketOptions} options
 * @returns {number} the error number of what has failed at once, or 0
 */
function start(connection, options) {
  const slot = begin(options);
  if (slot < 0) return -slot;
  connection.occupy(slot);
  return 0;
}

/** @param {import('./options').SocketOptions} options */
function plain({ handlers, data }) {
  return new ClientConnection(handlers, data);
}

/** @param {import('./options').SocketOptions} options */
function secure({ handlers, data, tls, hostname }) {
  // Loaded by the first who needs TLS: what it takes is not for programs without.
  const { clientSide } = require('./secure');
  const { SecureConnection } = require('./secure-connection');
  const wishes = /** @type {import('./tls-options').TlsWishes} */ (tls);
  return new SecureConnection(handlers, data, clientSide(wishes, hostname));
}

/** @param {import('./options').SocketOptions} options */
function begin({ hostname, port, unix, fd, allowHalfOpen, localAddress, localPort }) {
  if (fd !== undefined) return engine.connectDescriptor(fd, allowHalfOpen);
  if (unix !== undefined) return engine.connectUnix(unix, allowHalfOpen);
  const name = /** @type {string} */ (hostname);
  // As in Bun, only what a URL has in brackets loses them: an IPv6 address.
  const host = /^\[.*\]$/s.test(name) && net.isIPv6(name.slice(1, -1)) ? name.slice(1, -1) : name;
  return engine.connectTcp(host, port, localAddress, localPort, allowHalfOpen);
}

module.exports = { connect };
