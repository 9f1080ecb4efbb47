'use strict';
// PEM files, with the errors that BoringSSL, and so Bun, has for bad ones. What is in them is parsed by Node.

const { X509Certificate, createPrivateKey } = require('node:crypto');
const { coded } = require('./errors');

const CERTIFICATE = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];
const PRIVATE_KEY = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'DSA PRIVATE KEY'];
const REVOCATION_LIST = ['X509 CRL'];

/** Parsed authorities by their text: programs connect many times with the same `ca`. */
const known = /** @type {Map<string, Buffer[]>} */ (new Map());

/** Files in that cache. Programs use one or two. */
const KNOWN_LIMIT = 32;

/**
 * An error of BoringSSL's queue.
 * @param {number} number
 * @param {string} library
 * @param {string} reason
 * @param {string} code
 */
function opensslError(number, library, reason, code) {
  const hex = number.toString(16).padStart(8, '0');
  return Object.assign(new Error(`error:${hex}:${library}:OPENSSL_internal:${reason}`), {
    library,
    function: 'OPENSSL_internal',
    reason,
    code,
  });
}

/**
 * The certificates of a chain, leaf first.
 * @param {string} text
 * @returns {Buffer[]}
 */
function certificates(text) {
  const found = blocks(text, CERTIFICATE);
  if (found.length === 0) throw noStartLine();
  for (const der of found) certificate(der);
  return found;
}

/**
 * The certificates of a `ca`. All that can be wrong with it has one name.
 * @param {string} text
 * @param {string} wrong
 * @returns {Buffer[]}
 */
function authorities(text, wrong) {
  const parsed = known.get(text);
  if (parsed !== undefined) return parsed;
  let found;
  try {
    found = certificates(text);
  } catch {
    throw coded(Error, 'ERR_BORINGSSL', wrong);
  }
  if (known.size === KNOWN_LIMIT) known.clear();
  known.set(text, found);
  return found;
}

/**
 * @param {string} text
 * @returns {Buffer[]} DER
 */
function revocationLists(text) {
  let found = /** @type {Buffer[]} */ ([]);
  try {
    found = blocks(text, REVOCATION_LIST);
  } catch {
    // Whatever is wrong with it has one name, too.
  }
  if (found.length === 0) throw coded(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to parse CRL');
  return found;
}

/**
 * @param {string} text
 * @param {string | undefined} passphrase
 * @returns {import('node:crypto').KeyObject}
 */
function privateKey(text, passphrase) {
  const block = rawBlocks(text).find(({ label }) => PRIVATE_KEY.includes(label));
  if (block === undefined) throw noStartLine();
  if (!block.body.includes('Proc-Type:')) decode(block.body);
  const encrypted = block.label === 'ENCRYPTED PRIVATE KEY' || block.body.includes('Proc-Type: 4,ENCRYPTED');
  try {
    // Node asks for a passphrase when there is none, and takes an unnecessary one.
    return createPrivateKey({ key: block.whole, format: 'pem', passphrase: passphrase ?? '' });
  } catch {
    if (!encrypted) throw decodeError();
    throw opensslError(0x1e000065, 'Cipher functions', 'BAD_DECRYPT', 'ERR_OSSL_BAD_DECRYPT');
  }
}

/**
 * The DER of all blocks with one of the labels, or of all blocks.
 * @param {string} text
 * @param {string[]} [labels]
 * @returns {Buffer[]}
 */
function blocks(text, labels) {
  const wanted = rawBlocks(text).filter(({ label }) => labels === undefined || labels.includes(label));
  return wanted.map(({ body }) => decode(body));
}

/** @param {string} body */
function decode(body) {
  const base64 = body.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw opensslError(0x09000064, 'PEM routines', 'BAD_BASE64_DECODE', 'ERR_OSSL_PEM_BAD_BASE64_DECODE');
  }
  return Buffer.from(base64, 'base64');
}

/** @param {string} text */
function rawBlocks(text) {
  const found = [];
  const start = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$/gm;
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const end = text.indexOf(`-----END ${match[1]}-----`, start.lastIndex);
    if (end === -1) throw opensslError(0x09000066, 'PEM routines', 'BAD_END_LINE', 'ERR_OSSL_PEM_BAD_END_LINE');
    const body = text.slice(start.lastIndex, end);
    const whole = `${match[0].trimEnd()}\n${body.trim()}\n-----END ${match[1]}-----\n`;
    found.push({ label: match[1], body, whole });
    start.lastIndex = end;
  }
  return found;
}

/** @param {Buffer} der */
function certificate(der) {
  try {
    return new X509Certificate(der);
  } catch {
    throw decodeError();
  }
}

function decodeError() {
  return opensslError(0x0c00006d, 'ASN.1 encoding routines', 'DECODE_ERROR', 'ERR_OSSL_ASN1_DECODE_ERROR');
}

function noStartLine() {
  return opensslError(0x0900006e, 'PEM routines', 'NO_START_LINE', 'ERR_OSSL_PEM_NO_START_LINE');
}

module.exports = { authorities, blocks, certificates, noStartLine, opensslError, privateKey, revocationLists };
