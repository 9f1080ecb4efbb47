'use strict';
// The native contexts that TLS options become.

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

/** BoringSSL's name for a certificate whose key may not do what TLS does with it. */
const KEY_USAGE = 'KEY_USAGE_BIT_INCORRECT';

/**
 * @param {import('./tls-options').TlsWishes} wishes
 * @param {string | undefined} host what is connected to; absent for a unix path
 */
function clientSide(wishes, host) {
  const [entry] = readTlsOptions(wishes, false);
  trust([entry], true);
  const context = make(() => new native.ClientTls(entry, keyLogPath()));
  return { context, entry, isServer: false, asksForCertificate: false, host };
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
