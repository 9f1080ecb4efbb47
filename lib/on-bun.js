'use strict';

// What Bun itself loads (export condition "bun"): its own functions, no addon. `install` has nothing to add there, and `stats` nothing to
// count; every Buffer has memory of its own.

const { Bun } = /** @type {any} */ (globalThis);
const { connect, listen, udpSocket } = Bun;

module.exports = {
  connect,
  listen,
  udpSocket,
  install: () => Bun,
  pooledBuffer: 'buffer',
  stats: () => undefined,
};
