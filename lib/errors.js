'use strict';
// Errors with the classes, codes and texts that Bun 1.4.5 gives them.

const { inspect, getSystemErrorMap, types } = require('node:util');

/** By class and code: what errors of that kind inherit from. @type {Map<string, object>} */
const prototypes = new Map();

/**
 * An error of Bun's own. As there, nothing but the text is on the error itself: `name`, `code` and a `toString` that tells both are on a
 * prototype between it and that of its class, so that keys, JSON and spreading show none of them, while `for ... in` does.
 * @template {Error} T
 * @param {{ new (message: string): T }} type
 * @param {string} code
 * @param {string} message
 * @returns {T & { code: string }}
 */
function coded(type, code, message) {
  const base = /** @type {any} */ (type);
  const kind = `${base.name} ${code}`;
  let prototype = prototypes.get(kind);
  if (prototype === undefined) {
    prototype = Object.assign(Object.create(base.prototype), { name: base.name, code, toString: toText });
    prototypes.set(kind, /** @type {object} */ (prototype));
  }
  return Object.setPrototypeOf(new type(message), /** @type {object} */ (prototype));
}

/** @this {Error & { code: string }} */
function toText() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

/**
 * A wrong kind of argument.
 * @param {string} message
 */
function invalidType(message) {
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

/**
 * A number outside its range.
 * @param {string} message
 */
function outOfRange(message) {
  return coded(RangeError, 'ERR_OUT_OF_RANGE', message);
}

/**
 * Node's text for a number outside its range.
 * @param {string} name
 * @param {number} low
 * @param {number} high
 * @param {unknown} received
 */
function outOfBounds(name, low, high, received) {
  return outOfRange(
    `The value of "${name}" is out of range. It must be >= ${low} and <= ${high}. Received ${received}`,
  );
}

/**
 * A method called on something else than its class's instance.
 * @param {string} name the class's
 * @param {unknown} self
 */
function invalidThis(name, self) {
  const instead = self === undefined ? '' : `, but r${received(self).slice(1)}`;
  return coded(TypeError, 'ERR_INVALID_THIS', `Expected this to be instanceof ${name}${instead}`);
}

/**
 * Node's way of saying what a wrong value was.
 * @param {unknown} value
 */
function received(value) {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === 'function') return `Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? `Received an instance of ${name}` : `Received ${inspect(value, { depth: -1 })}`;
  }
  let text = inspect(value, { colors: false });
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return `Received type ${typeof value} (${text})`;
}

/** Names and texts of system errors. Node makes a new map for whoever asks, in 10 µs and more. */
let systemErrors = /** @type {Map<number, [string, string]> | undefined} */ (undefined);

/**
 * Name and text of a system error, `ECONNREFUSED` and `connection refused` for example.
 * @param {number} errno positive
 * @returns {[string, string]}
 */
function nameOf(errno) {
  systemErrors ??= getSystemErrorMap();
  return systemErrors.get(-errno) ?? ['UNKNOWN', 'unknown error'];
}

/** @param {number} errno positive */
function codeOf(errno) {
  return nameOf(errno)[0];
}

/**
 * A system call's failure on an open socket, as Bun words it: `ECONNRESET: connection reset by peer, read`.
 * @param {number} errno positive
 * @param {string} syscall
 */
function systemError(errno, syscall) {
  const [code, text] = nameOf(errno);
  return Object.assign(new Error(`${code}: ${text}`.concat(`, ${syscall}`)), { code, syscall, errno: -errno });
}

/**
 * A host name without an address. The number is c-ares', which Bun reports.
 * @param {string} hostname
 */
function notFound(hostname) {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    ...(hostname === '' ? {} : { hostname }),
    errno: 4,
  });
}

/**
 * A failed `listen`. Bun gives these a positive errno.
 * @param {number} errno positive
 * @param {string} address the host name or the path as given
 * @param {number} [port]
 */
function listenFailed(errno, address, port) {
  const error = Object.assign(new Error(`Failed to listen at ${address}`), { syscall: 'listen', errno, address });
  return Object.assign(error, port === undefined ? {} : { port }, { code: codeOf(errno) });
}

/**
 * A failed `connect`. When several addresses were tried, `cause` has the failure of each.
 * @param {number} errno positive
 * @param {{ address: string, port: number, errno: number }[]} [attempts]
 */
function connectFailed(errno, attempts = []) {
  const code = codeOf(errno);
  const error = Object.assign(new Error('Failed to connect'), { code, syscall: 'connect', errno: -errno });
  if (attempts.length > 1) {
    const failures = attempts.map((attempt) =>
      Object.assign(new Error(`connect ${codeOf(attempt.errno)} ${attempt.address}:${attempt.port}`), {
        code: codeOf(attempt.errno),
        syscall: 'connect',
        errno: -attempt.errno,
        address: attempt.address,
        port: attempt.port,
      }),
    );
    Object.defineProperty(error, 'cause', {
      value: new AggregateError(failures),
      configurable: true,
      enumerable: false,
      writable: true,
    });
  }
  return error;
}

/**
 * Whether a handler's result counts as if it had been thrown. As in Bun, only what an Error constructor has made, in whatever realm: the
 * reason of an AbortSignal, a DOMException, is no error.
 * @param {unknown} value
 * @returns {value is Error}
 */
function isError(value) {
  // From Node.js 22 on its DOMException counts as native.
  return types.isNativeError(value) && !(value instanceof DOMException);
}

module.exports = {
  codeOf,
  coded,
  connectFailed,
  invalidThis,
  invalidType,
  isError,
  listenFailed,
  notFound,
  outOfBounds,
  outOfRange,
  received,
  systemError,
};
