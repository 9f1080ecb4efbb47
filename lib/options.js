'use strict';
// The options that `listen` and `connect` share, converted by Bun's rules.

const { invalidType, outOfRange } = require('./errors');
const { Handlers } = require('./handlers');

const LAST_PORT = 65535;

/**
 * @typedef {object} SocketOptions
 * @property {Handlers} handlers
 * @property {unknown} data
 * @property {string | undefined} hostname absent when `unix` or `fd` is there
 * @property {number} port
 * @property {string | undefined} unix absent when `fd` is there
 * @property {number | undefined} fd
 * @property {import('./tls-options').TlsWishes | import('./tls-options').TlsWishes[] | undefined} tls undefined for plain text
 * @property {boolean} exclusive
 * @property {boolean} allowHalfOpen
 * @property {boolean} reusePort
 * @property {boolean} ipv6Only
 * @property {string} localAddress an IP address; anything else is as good as none
 * @property {number} localPort 0 for any; without an address to no effect
 * @property {boolean} pauseOnConnect
 * @property {AbortSignal | undefined} signal
 */

/** Prefixes that a unix path may have. Bun cuts exactly these, case included. */
const UNIX_PREFIXES = ['unix://', 'file://', 'sock://'];

/**
 * @param {unknown} options
 * @param {string} expected what to say of something that is no object
 * @param {boolean} connects whether they are `connect`'s
 * @returns {SocketOptions}
 * @throws {TypeError | RangeError} as Bun does; nothing is created by then
 */
function readOptions(options, expected, connects) {
  if (options === null || (typeof options !== 'object' && typeof options !== 'function')) throw invalidType(expected);
  if (Array.isArray(options)) throw invalidType('SocketOptions must be an object');
  const given = /** @type {Record<string, any>} */ (options);
  // Each of them once, in the order in which Bun looks at them, so that of several mistakes the same one is told.
  const { socket } = given;
  if (socket === undefined) throw invalidType('SocketOptions.socket is required');
  const handlers = new Handlers(socket);
  const { data } = given;
  const allowHalfOpen = flag(given, 'allowHalfOpen');
  const hostname = hostName(given);
  const port = portNumber(given.port);
  const tls = tlsOption(given.tls, connects);
  const exclusive = flag(given, 'exclusive');
  const reusePort = flag(given, 'reusePort');
  const ipv6Only = flag(given, 'ipv6Only');
  const pauseOnConnect = Boolean(given.pauseOnConnect);
  const unix = unixPath(given.unix);
  const fd = descriptor(given.fd);
  handlers.check();
  const local = connects ? localEnd(given) : NO_LOCAL_END;
  const signal = abortSignal(given.signal);
  const isNamed = fd === undefined && unix === undefined;
  // One literal: objects put together from others cost ten times as much, and programs make connections by the thousand.
  return {
    handlers,
    data,
    hostname: isNamed ? checkedName(hostname) : undefined,
    port: isNamed ? neededPort(port, /** @type {string} */ (hostname)) : 0,
    unix: fd === undefined ? unix : undefined,
    fd,
    tls,
    exclusive,
    allowHalfOpen,
    reusePort,
    ipv6Only,
    localAddress: local.address,
    localPort: local.port,
    pauseOnConnect,
    signal,
  };
}

/** @param {string | undefined} hostname */
function checkedName(hostname) {
  if (hostname === undefined) throw invalidType('Expected either "hostname" or "unix"');
  if (hostname.includes('\0')) throw invalidType('"hostname" must not contain null bytes');
  // Such as an empty array: there, but nothing as text.
  if (hostname === '') throw invalidType('Expected a non-empty "hostname"');
  return hostname;
}

/**
 * @param {number | undefined} port
 * @param {string} hostname
 */
function neededPort(port, hostname) {
  const number = port ?? portInName(hostname);
  if (number === undefined) throw invalidType('Missing "port"');
  return number;
}

/**
 * @param {Record<string, any>} options
 * @param {string} name
 * @returns {boolean}
 */
function flag(options, name) {
  const value = options[name];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidType(`SocketOptions.${name} must be a boolean`);
  return value;
}

/**
 * @param {Record<string, any>} options
 * @returns {string | undefined} undefined for nothing; the empty string for what is there, but nothing as text
 */
function hostName(options) {
  // The alias counts only where `hostname` is absent altogether: an empty or null one hides it.
  const { hostname: named = options.host } = options;
  // A symbol throws the engine's own TypeError here, as specified.
  return named ? wellFormed(`${named}`) : undefined;
}

/**
 * As in Bun, U+FFFD in place of each half of a surrogate pair.
 * @param {string} text
 * @returns {string}
 */
function wellFormed(text) {
  return /** @type {any} */ (text).toWellFormed();
}

/** @param {unknown} value */
function descriptor(value) {
  if (value === undefined) return undefined;
  if (typeof value === 'bigint') return descriptor(Number(value));
  if (typeof value !== 'number') throw invalidType('SocketOptions.fd must be a number');
  if (!Number.isInteger(value)) throw outOfRange(`SocketOptions.fd must be an integer (received ${value})`);
  if (value < -0x80000000 || value > 0x7fffffff) {
    throw outOfRange(`SocketOptions.fd must be in the range [-2147483648, 2147483647] (received ${value})`);
  }
  return value;
}

/** @param {unknown} value */
function unixPath(value) {
  if (!value) return undefined;
  if (typeof value !== 'string') throw invalidType('SocketOptions.unix must be a string');
  return wellFormed(UNIX_PREFIXES.some((prefix) => value.startsWith(prefix)) ? value.slice(7) : value);
}

/** @param {unknown} value */
function portNumber(value) {
  if (value === undefined || value === null) return undefined;
  const port = Number(value);
  if (!Number.isSafeInteger(port)) throw outOfRange(`SocketOptions.port must be an integer (received ${port})`);
  if (port < 0 || port > LAST_PORT) {
    throw outOfRange(`SocketOptions.port must be in the range [0, ${LAST_PORT}] (received ${port})`);
  }
  return port;
}

/**
 * The port in a host name that looks like a URL. Like Bun we take it and still use the name whole, which then does not
 * resolve: programs see the same error as there.
 * @param {string} hostname
 */
function portInName(hostname) {
  const port = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^:/?#]*|\[[^\]]*\]):(\d{1,5})(?:[/?#]|$)/i.exec(hostname)?.[1];
  return port !== undefined && Number(port) <= LAST_PORT ? Number(port) : undefined;
}

/**
 * @param {unknown} value
 * @param {boolean} connects
 * @returns {import('./tls-options').TlsWishes | import('./tls-options').TlsWishes[] | undefined}
 */
function tlsOption(value, connects) {
  if (value === undefined || value === null || value === false) return undefined;
  // Loaded by the first who needs TLS: what it takes is not for programs without.
  const { convertTlsOptions } = require('./tls-options');
  // Differs from Bun (13): an array names several certificates, chosen by the server name that a client asks for.
  if (!connects && Array.isArray(value) && value.length > 0) return value.map(convertTlsOptions);
  return convertTlsOptions(value);
}

/** What a connection without an address of its own begins with. */
const NO_LOCAL_END = Object.freeze({ address: '', port: 0 });

/**
 * Where a connection begins. As in Bun, an address that is no text is ignored, and what follows a NUL; of its port the nearest number that a
 * port can have counts, and any port for what is no number.
 * @param {Record<string, any>} options
 */
function localEnd(options) {
  const { localAddress } = options;
  if (typeof localAddress !== 'string') return NO_LOCAL_END;
  const { localPort } = options;
  const port = typeof localPort === 'number' ? Math.min(Math.max(Math.trunc(localPort) || 0, 0), LAST_PORT) : 0;
  return { address: localAddress.split('\0', 1)[0], port };
}

/**
 * Differs from Bun (13): `signal` is an addition of ours.
 * @param {unknown} value
 */
function abortSignal(value) {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof AbortSignal)) throw invalidType('SocketOptions.signal must be an AbortSignal');
  return value;
}

module.exports = { readOptions };
