'use strict';
// Errors with the classes, codes and texts that Bun 1.4.5 gives them.

const { inspect, getSystemErrorMap, types } = require('node:util');

/**
 * A wrong kind of argument.
 * @param {string} message
 * @returns {TypeError & { code: string }}
 */
function invalidType(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

/**
 * A number outside its range.
 * @param {string} message
 * @returns {RangeError & { code: string }}
 */
function outOfRange(message) {
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
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
  return Object.assign(new TypeError(`Expected this to be instanceof ${name}${instead}`), { code: 'ERR_INVALID_THIS' });
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

/**
 * The name of a system error, `ECONNREFUSED` for example.
 * @param {number} errno positive
 */
function codeOf(errno) {
  return getSystemErrorMap().get(-errno)?.[0] ?? 'UNKNOWN';
}

/**
 * A system call's failure on an open socket, as Bun words it: `ECONNRESET: connection reset by peer, read`.
 * @param {number} errno positive
 * @param {string} syscall
 */
function systemError(errno, syscall) {
  const code = codeOf(errno);
  const text = getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error';
  return Object.assign(new Error(`${code}: ${text}`.concat(`, ${syscall}`)), { code, errno: -errno, syscall });
}

/**
 * A host name without an address. The number is c-ares', which Bun reports.
 * @param {string} hostname
 */
function notFound(hostname) {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    code: 'ENOTFOUND',
    errno: 4,
    syscall: 'getaddrinfo',
    ...(hostname === '' ? {} : { hostname }),
  });
}

/**
 * A failed `listen`. Bun gives these a positive errno.
 * @param {number} errno positive
 * @param {string} address the host name or the path as given
 * @param {number} [port]
 */
function listenFailed(errno, address, port) {
  const error = Object.assign(new Error(`Failed to listen at ${address}`), {
    code: codeOf(errno),
    errno,
    syscall: 'listen',
    address,
  });
  return port === undefined ? error : Object.assign(error, { port });
}

/**
 * A failed `connect`. When several addresses were tried, `cause` has the failure of each.
 * @param {number} errno positive
 * @param {{ address: string, port: number, errno: number }[]} [attempts]
 */
function connectFailed(errno, attempts = []) {
  const code = codeOf(errno);
  const error = Object.assign(new Error('Failed to connect'), { code, errno: -errno, syscall: 'connect' });
  if (attempts.length > 1) {
    const failures = attempts.map((attempt) =>
      Object.assign(new Error(`connect ${codeOf(attempt.errno)} ${attempt.address}:${attempt.port}`), {
        code: codeOf(attempt.errno),
        errno: -attempt.errno,
        syscall: 'connect',
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
 * Whether a handler's result counts as if it had been thrown.
 * @param {unknown} value
 * @returns {value is Error}
 */
function isError(value) {
  return types.isNativeError(value) || value instanceof Error;
}

module.exports = {
  codeOf,
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
