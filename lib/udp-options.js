'use strict';
// The options of `udpSocket` and of a UDP socket's `reload`, converted by Bun's rules.

const { types } = require('node:util');
const { HandlerContext } = require('./context');
const { invalidType, outOfRange } = require('./errors');
const { ARRAYBUFFER, BUFFER, POOLED, pooledBuffer, UINT8ARRAY } = require('./handlers');

/**
 * A handler and the AsyncLocalStorage context it was given in: each has its own, since `reload` may bring some only.
 * @typedef {{ run: (this: unknown, ...args: any[]) => unknown, context: HandlerContext }} UdpHandler
 */

/**
 * @typedef {object} UdpHandlers
 * @property {UdpHandler} [data]
 * @property {UdpHandler} [drain]
 * @property {UdpHandler} [error]
 */

/**
 * @typedef {object} UdpOptions
 * @property {string} hostname
 * @property {number} port
 * @property {number | undefined} fd a descriptor to take over instead of binding
 * @property {boolean} reusePort
 * @property {boolean} reuseAddress
 * @property {boolean} ipv6Only
 * @property {UdpHandlers | undefined} handlers those that were given; `undefined` without a `socket` option
 * @property {number} binaryType one of those of `handlers.js`, or `VIEW` and more for the typed arrays in `VIEWS`
 * @property {{ hostname: string, port: number } | undefined} connect
 * @property {AbortSignal | undefined} signal
 */

/** What `hostname` is when none is given. */
const ANY = '0.0.0.0';

// Bits of `flags`, which Bun's node:dgram uses; the other bits mean nothing.
const REUSE_PORT = 4;
const IPV6_ONLY = 8;
const REUSE_ADDRESS = 16;

/**
 * Typed arrays that Bun makes besides, though its types and its error name none of them. `Float16Array` came with Node 24.
 * @type {readonly any[]}
 */
const VIEWS = [
  Int8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  /** @type {any} */ (globalThis).Float16Array,
  Float32Array,
  Float64Array,
].filter((view) => view !== undefined);
/** The binary type of the first of them; the others follow. */
const VIEW = 1 + Math.max(BUFFER, UINT8ARRAY, ARRAYBUFFER, POOLED);

/** The spellings that Bun knows. @type {ReadonlyMap<string, number>} */
const BINARY_TYPES = new Map([
  ['buffer', BUFFER],
  ['Buffer', BUFFER],
  ['nodebuffer', BUFFER],
  ['uint8array', UINT8ARRAY],
  ['Uint8Array', UINT8ARRAY],
  ['arraybuffer', ARRAYBUFFER],
  [pooledBuffer, POOLED],
  ['ArrayBuffer', ARRAYBUFFER],
  ...VIEWS.flatMap(
    ({ name }, i) =>
      /** @type {[string, number][]} */ ([
        [name, VIEW + i],
        [name.toLowerCase(), VIEW + i],
      ]),
  ),
]);

/**
 * @param {unknown} options
 * @returns {UdpOptions}
 * @throws {TypeError | RangeError} as Bun does; nothing is created by then
 */
function readUdpOptions(options) {
  if (!isObject(options)) throw invalidType('Expected an object');
  const given = /** @type {Record<string, any>} */ (options);
  // In the order in which Bun looks at them, so that of several mistakes the same one is told.
  const port = bindPort(given.port);
  const flags = flagBits(given.flags);
  const fd = descriptor(given.fd);
  const { hostname: host } = given;
  const hostname = isHostName(host, 'hostname') ? `${host}` : ANY;
  const { socket } = given;
  /** @type {UdpHandlers | undefined} */
  let handlers;
  let binaryType = BUFFER;
  if (!isAbsent(socket)) {
    if (!isObject(socket)) throw invalidType('Expected "socket" to be an object');
    binaryType = binaryTypeOf(given.binaryType);
    handlers = readHandlers(socket);
  }
  const { connect } = given;
  return {
    hostname,
    port,
    fd,
    // Differs from Bun (13): `reusePort` and `signal` are additions of ours.
    reusePort: (flags & REUSE_PORT) !== 0 || flag(given.reusePort),
    reuseAddress: (flags & REUSE_ADDRESS) !== 0,
    ipv6Only: (flags & IPV6_ONLY) !== 0,
    handlers,
    binaryType,
    connect: isAbsent(connect) ? undefined : connectOption(connect),
    signal: abortSignal(given.signal),
  };
}

/** @param {Record<string, any>} table @returns {UdpHandlers} */
function readHandlers(table) {
  /** @type {UdpHandlers} */
  const handlers = {};
  for (const name of /** @type {const} */ (['data', 'drain', 'error'])) {
    const run = table[name];
    if (isAbsent(run)) continue;
    if (typeof run !== 'function') throw invalidType(`Expected "socket.${name}" to be a function`);
    handlers[name] = { run, context: new HandlerContext('BunUdpSocket') };
  }
  return handlers;
}

/** @param {any} value @returns {AbortSignal | undefined} */
function abortSignal(value) {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof AbortSignal)) throw invalidType('Expected "signal" to be an AbortSignal');
  return value;
}

/** @param {any} value */
function flag(value) {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidType('Expected "reusePort" to be a boolean');
  return value;
}

/** @param {any} connect */
function connectOption(connect) {
  if (!isObject(connect)) throw invalidType('Expected "connect" to be an object');
  const { hostname } = connect;
  if (!isHostName(hostname, 'connect.hostname')) throw invalidType('Expected "connect.hostname" to be a string');
  const { port } = connect;
  if (isAbsent(port)) throw invalidType('Expected "connect.port" to be an integer');
  const number = portNumber(port, 1, 'connect.port');
  return { hostname: `${hostname}`, port: number };
}

/** @param {any} value */
function bindPort(value) {
  return value === undefined || value === null ? 0 : portNumber(value, 0, 'port');
}

/**
 * @param {any} value converted to a number; BigInts and symbols throw the engine's own TypeError, as specified
 * @param {0 | 1} lowest
 * @param {string} name
 */
function portNumber(value, lowest, name) {
  const port = +value;
  if (!Number.isInteger(port) || port < lowest || port > 65535) {
    throw invalidType(`Expected "${name}" to be an integer between ${lowest} and 65535`);
  }
  return port;
}

/** @param {any} value */
function flagBits(value) {
  return isAbsent(value) ? 0 : int32(value, 'flags');
}

/** @param {any} value */
function descriptor(value) {
  if (value === undefined || value === null) return undefined;
  const fd = int32(value, 'fd');
  if (fd < 0) throw invalidType('Expected "fd" to be a non-negative integer');
  return fd;
}

/**
 * @param {any} value
 * @param {string} name
 * @returns {number}
 */
function int32(value, name) {
  if (typeof value !== 'number') {
    const type = Array.isArray(value) ? 'array' : typeof value;
    throw invalidType(`The "${name}" property must be of type number, got ${type}`);
  }
  if (!Number.isInteger(value)) {
    throw outOfRange(`The value of "${name}" is out of range. It must be an integer. Received ${value}`);
  }
  if (value < -0x80000000 || value > 0x7fffffff) {
    throw outOfRange(
      `The value of "${name}" is out of range. It must be >= -2147483648 && <= 2147483647. Received ${value}`,
    );
  }
  return value;
}

/**
 * Whether a host name was given: nothing is, and the empty string, but not that of an empty String object, which does not resolve.
 * @param {any} value
 * @param {string} name
 * @throws {TypeError} for anything else than a string or a String object
 */
function isHostName(value, name) {
  if (isAbsent(value)) return false;
  if (typeof value !== 'string' && !types.isStringObject(value)) {
    throw invalidType(`Expected "${name}" to be a string`);
  }
  return true;
}

/** @param {any} value */
function binaryTypeOf(value) {
  if (isAbsent(value)) return BUFFER;
  if (typeof value !== 'string' && !types.isStringObject(value)) {
    throw invalidType('Expected "socket.binaryType" to be a string');
  }
  const type = BINARY_TYPES.get(`${value}`);
  if (type === undefined) {
    throw invalidType(`Expected "socket.binaryType" to be 'arraybuffer', 'uint8array', or 'buffer'`);
  }
  return type;
}

/** @param {number} type */
function binaryTypeName(type) {
  if (type === BUFFER || type === POOLED) return 'buffer';
  if (type === UINT8ARRAY) return 'uint8array';
  return type === ARRAYBUFFER ? 'arraybuffer' : VIEWS[type - VIEW].name.toLowerCase();
}

/**
 * Bytes as one of the typed arrays in `VIEWS`. As in Bun, bytes beyond the last whole element are left out.
 * @param {ArrayBuffer} bytes
 * @param {number} type
 */
function viewOf(bytes, type) {
  const View = VIEWS[type - VIEW];
  return new View(bytes, 0, Math.floor(bytes.byteLength / View.BYTES_PER_ELEMENT));
}

/** @param {any} value */
function isObject(value) {
  return typeof value === 'object' ? value !== null : typeof value === 'function';
}

/** The empty string counts as nothing, as in Bun. @param {any} value */
function isAbsent(value) {
  return value === undefined || value === null || value === '';
}

module.exports = { VIEW, binaryTypeName, portNumber, readUdpOptions, viewOf };
