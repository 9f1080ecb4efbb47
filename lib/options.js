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
 * @property {unknown} tls undefined for plain text
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
 * @returns {SocketOptions}
 * @throws {TypeError | RangeError} as Bun does; nothing is created by then
 */
function readOptions(options, expected) {
  if (options === null || (typeof options !== 'object' && typeof options !== 'function')) throw invalidType(expected);
  if (Array.isArray(options)) throw invalidType('SocketOptions must be an object');
  const given = /** @type {Record<string, any>} */ (options);
  if (given.socket === undefined) throw invalidType('SocketOptions.socket is required');
  // In the order in which Bun looks at them, so that of several mistakes the same one is told.
  const handlers = new Handlers(given.socket);
  const allowHalfOpen = flag(given, 'allowHalfOpen');
  const port = given.port === undefined || given.port === null ? undefined : portNumber(given.port);
  const tls = tlsOption(given.tls);
  const exclusive = flag(given, 'exclusive');
  const reusePort = flag(given, 'reusePort');
  const ipv6Only = flag(given, 'ipv6Only');
  const unix = unixPath(given.unix);
  const fd = descriptor(given.fd);
  // The alias counts only where `hostname` is absent altogether: an empty or null one hides it.
  const named = given.hostname === undefined ? given.host : given.hostname;
  // A symbol throws the engine's own TypeError here, as specified.
  const hostname = named ? `${named}` : undefined;
  handlers.check();
  if (hostname?.includes('\0')) throw invalidType('"hostname" must not contain null bytes');
  const common = {
    handlers,
    data: given.data,
    tls,
    exclusive,
    allowHalfOpen,
    reusePort,
    ipv6Only,
    localAddress: localAddress(given.localAddress),
    localPort: localPort(given.localPort),
    pauseOnConnect: Boolean(given.pauseOnConnect),
    signal: abortSignal(given.signal),
  };
  if (fd !== undefined) return { ...common, hostname: undefined, port: 0, unix: undefined, fd };
  if (unix !== undefined) return { ...common, hostname: undefined, port: 0, unix, fd };
  if (hostname === undefined) throw invalidType('Expected either "hostname" or "unix"');
  // Such as an empty array: there, but nothing as text.
  if (hostname === '') throw invalidType('Expected a non-empty "hostname"');
  const number = port ?? portInName(hostname);
  if (number === undefined) throw invalidType('Missing "port"');
  return { ...common, hostname, port: number, unix, fd };
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

/** @param {unknown} value */
function descriptor(value) {
  if (value === undefined) return undefined;
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
  return UNIX_PREFIXES.some((prefix) => value.startsWith(prefix)) ? value.slice(7) : value;
}

/** @param {unknown} value */
function portNumber(value) {
  const port = Number(value);
  if (!Number.isInteger(port)) throw outOfRange(`SocketOptions.port must be an integer (received ${port})`);
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
 * @returns {true | object | undefined}
 */
function tlsOption(value) {
  if (value === undefined || value === null || value === false) return undefined;
  if (value === true || typeof value === 'function') return value;
  // Differs from Bun (13): an array names several certificates, chosen by the server name that a client asks for.
  if (typeof value === 'object' && !(Array.isArray(value) && value.length === 0)) return value;
  throw invalidType('TLSOptions must be an object');
}

/**
 * As in Bun, what is no text is ignored, and what follows a NUL.
 * @param {unknown} value
 */
function localAddress(value) {
  return typeof value === 'string' ? value.split('\0', 1)[0] : '';
}

/**
 * As in Bun, the nearest number that a port can have, and any port for what is no number.
 * @param {unknown} value
 */
function localPort(value) {
  return typeof value === 'number' ? Math.min(Math.max(Math.trunc(value) || 0, 0), LAST_PORT) : 0;
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
