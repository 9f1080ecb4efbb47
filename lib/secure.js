'use strict';
// The native contexts that TLS options become.

const { Buffer } = require('node:buffer');
const { coded } = require('./errors');
const native = require('./native');
const { opensslError } = require('./pem');
const { defaultRoots, keyLogPath, readTlsOptions } = require('./tls-options');

/** Errors of the native half that have a code in Bun. */
const CODES = new Map([
  ['Invalid CA', 'ERR_BORINGSSL'],
  ['Invalid ciphers', 'ERR_BORINGSSL'],
  ['Failed to parse CRL', 'ERR_CRYPTO_OPERATION_FAILED'],
]);

/** Contexts of clients that are kept: enough for programs that connect to a few kinds of servers in turn. */
const MOST_RECENT = 4;

/** BoringSSL's name for a certificate whose key may not do what TLS does with it. */
const KEY_USAGE = 'KEY_USAGE_BIT_INCORRECT';

/**
 * @param {import('./tls-options').TlsWishes} wishes
 * @param {string | undefined} host what is connected to; absent for a unix path
 */
function clientSide(wishes, host) {
  const [entry] = readTlsOptions(wishes, false);
  trust([entry], true);
  return { context: clientContext(entry), entry, isServer: false, asksForCertificate: false, host };
}

/** @type {{ entry: import('./tls-options').TlsEntry, context: any }[]} */
const recent = [];

/**
 * A context as of `entry`. Most of a program's connections ask for the same, and a new one takes as long as a fifth of a handshake.
 * @param {import('./tls-options').TlsEntry} entry
 */
function clientContext(entry) {
  const keyLog = keyLogPath();
  // A private key stays no longer than its connections, and a log that was moved is opened anew.
  if (entry.identities.length > 0 || keyLog !== undefined) return make(() => new native.ClientTls(entry, keyLog));
  const at = recent.findIndex((known) => isSame(known.entry, entry));
  const [known] = at === -1 ? [{ entry, context: make(() => new native.ClientTls(entry)) }] : recent.splice(at, 1);
  recent.unshift(known);
  if (recent.length > MOST_RECENT) recent.pop();
  return known.context;
}

/**
 * Whether two values say the same: arrays and records by what is in them, bytes by their values.
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
function isSame(one, other) {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Buffer.isBuffer(one)) return Buffer.isBuffer(other) && one.equals(other);
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => isSame(one[key], other[key]));
}

/** @param {import('./tls-options').TlsWishes | import('./tls-options').TlsWishes[]} wishes */
function serverSide(wishes) {
  const entries = readTlsOptions(wishes, true);
  trust(entries, false);
  const context = make(() => new native.ServerTls(entries, keyLogPath()));
  const asks = context.requestsCertificate();
  return { context, entry: entries[0], isServer: true, asksForCertificate: asks, host: undefined };
}

/**
 * Loads the built-in roots when somebody needs them: they are many.
 * @param {import('./tls-options').TlsEntry[]} entries
 * @param {boolean} verify
 */
function trust(entries, verify) {
  if (entries.every(({ ca, requestCert }) => ca !== undefined || !(verify || requestCert))) return;
  if (native.hasDefaultTrust()) return;
  const { builtIn, added } = defaultRoots();
  native.trustByDefault(builtIn, added);
}

/**
 * @template T
 * @param {() => T} construct
 */
function make(construct) {
  try {
    return construct();
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (message.endsWith(`:${KEY_USAGE}`)) {
      throw opensslError(0x1000012e, 'SSL routines', KEY_USAGE, `ERR_SSL_${KEY_USAGE}`);
    }
    throw coded(Error, CODES.get(message) ?? 'ERR_BORINGSSL', message);
  }
}

native.warmUpTls();

module.exports = { clientSide, serverSide };
