'use strict';

const { setTimeout } = require('node:timers');
const { types } = require('node:util');
const { ArrayBufferSink } = require('./byte-sink.js');
const { connect } = require('./connect.js');
const { listen } = require('./listener.js');
const { udpSocket } = require('./udp.js');
const { file } = require('./file.js');

/** `Bun.sleep`. @param {number | Date} time milliseconds, or when to wake up @returns {Promise<void>} */
function sleep(time) {
  const delay = types.isDate(time) ? time.getTime() - Date.now() : time;
  if (typeof delay !== 'number') throw new TypeError('sleep expects a number (milliseconds)');
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, delay)));
}

// The socket API, and of the rest what programs of sockets are written with: files of keys, joining of small writes, waiting.
const OFFERED = { connect, listen, udpSocket, file, ArrayBufferSink, sleep, env: process.env, argv: process.argv };

/**
 * Adds what is offered to `globalThis.Bun`, which is made if it is absent.
 * What is there already stays, so that calling it again, or beside another polyfill, or on Bun itself, changes nothing.
 * @returns {any} `globalThis.Bun`
 */
function install() {
  const scope = /** @type {any} */ (globalThis);
  if (scope.Bun === undefined || scope.Bun === null) {
    // Like Bun's own: seen by `globalThis.Bun`, not by a loop over the globals.
    const value = Object.defineProperty({}, Symbol.toStringTag, { value: 'Bun', configurable: true });
    Object.defineProperty(scope, 'Bun', { value, writable: true, configurable: true, enumerable: false });
  }
  for (const [name, value] of Object.entries(OFFERED)) {
    if (name in scope.Bun) continue;
    Object.defineProperty(scope.Bun, name, { value, writable: true, configurable: true, enumerable: true });
  }
  return scope.Bun;
}

module.exports = { install };
