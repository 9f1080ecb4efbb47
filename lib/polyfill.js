'use strict';

const { connect } = require('./connect.js');
const { listen } = require('./listener.js');
const { udpSocket } = require('./udp.js');
const { file } = require('./file.js');

const OFFERED = { connect, listen, udpSocket, file };

/**
 * Adds `connect`, `listen`, `udpSocket`, and `file` for TLS options, to `globalThis.Bun`, which is made if it is absent.
 * What is there already stays, so that calling it again, or beside another polyfill, or on Bun itself, changes nothing.
 * @returns {any} `globalThis.Bun`
 */
function install() {
  const scope = /** @type {any} */ (globalThis);
  if (scope.Bun === undefined || scope.Bun === null) {
    // Like Bun's own: seen by `globalThis.Bun`, not by a loop over the globals.
    Object.defineProperty(scope, 'Bun', { value: {}, writable: true, configurable: true, enumerable: false });
  }
  for (const [name, value] of Object.entries(OFFERED)) {
    if (name in scope.Bun) continue;
    Object.defineProperty(scope.Bun, name, { value, writable: true, configurable: true, enumerable: true });
  }
  return scope.Bun;
}

module.exports = { install };
