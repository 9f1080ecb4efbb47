'use strict';
// IP addresses of datagrams, between the text that programs see and the numbers that the native half sees.

const { isIPv6 } = require('node:net');
const { domainToASCII } = require('node:url');
const { engine, record } = require('./engine');
const { invalidType } = require('./errors');

/**
 * Family (4 or 6), the address in four numbers, scope; only the first of the four counts in IPv4.
 * @typedef {readonly number[]} Numbers
 */

/** Programs talk to few addresses at a time; beyond these all are forgotten. */
const KEPT = 1024;

/** @type {Map<string, Numbers>} */
const numbersOf = new Map();
/** Texts of IPv4 addresses. @type {Map<number, string>} */
const textOf = new Map();

/** The last destination: most programs send to one address many times. No text at all before the first one. @type {unknown} */
let lastText = Symbol('none');
/** @type {Numbers} */
let lastNumbers = [];
/** The last sender that was an IPv6 address. */
let lastSender = { a: 0, b: 0, c: 0, d: 0, scope: 0, text: '' };

/**
 * The numbers of an address literal.
 * @param {unknown} address converted to a string; a symbol throws the engine's own TypeError, as specified
 * @returns {Numbers}
 * @throws {TypeError} for what is no address; names are not looked up
 */
function destination(address) {
  if (address === lastText) return lastNumbers;
  const text = `${address}`;
  let numbers = numbersOf.get(text);
  if (numbers === undefined) {
    numbers = /** @type {Numbers | null} */ (engine.parseAddress(text)) ?? undefined;
    if (numbers === undefined) throw invalidType('Invalid address');
    keep(numbersOf, text, numbers);
  }
  lastText = text;
  lastNumbers = numbers;
  return numbers;
}

/** The text of the sender in a datagram's record. */
function sender() {
  return record[4] === 4 ? sender4(record[6]) : sender6(record[6], record[7], record[8], record[9], record[10]);
}

/** @param {number} a */
function sender4(a) {
  let text = textOf.get(a);
  if (text === undefined) {
    text = `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
    keep(textOf, a, text);
    // An answer will look it up.
    keep(numbersOf, text, [4, a, 0, 0, 0, 0]);
  }
  return text;
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} d
 * @param {number} scope
 */
function sender6(a, b, c, d, scope) {
  const last = lastSender;
  if (last.a !== a || last.b !== b || last.c !== c || last.d !== d || last.scope !== scope || last.text === '') {
    lastSender = { a, b, c, d, scope, text: engine.sender() };
  }
  return lastSender.text;
}

/**
 * @template K, V
 * @param {Map<K, V>} map
 * @param {K} key
 * @param {V} value
 */
function keep(map, key, value) {
  if (map.size >= KEPT) map.clear();
  map.set(key, value);
}

/** The longest name, and the longest part of one, that DNS has (RFC 1035, 2.3.4). */
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/**
 * Whether a host could have this name, by the rules of Bun's resolver: of letters, digits, `-`, `*`, `_` and `/`, other alphabets as IDNA has them.
 * An address with a scope counts, too.
 * @param {string} hostname
 */
function mayBeName(hostname) {
  if (isIPv6(hostname.replace(/%.*$/, ''))) return true;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  const ascii = /^[\x00-\x7f]*$/.test(hostname) ? hostname : domainToASCII(hostname);
  const name = ascii.replace(/\.$/, '');
  return (
    name.length <= LONGEST_NAME &&
    name.split('.').every((label) => label.length <= LONGEST_LABEL && /^[\w*/-]+$/.test(label))
  );
}

module.exports = { destination, mayBeName, sender };
