'use strict';

// What Bun itself loads (export condition "bun"): its own functions, no addon. `install` has nothing to add there, and `stats` nothing to
// count.

const { Bun } = /** @type {any} */ (globalThis);
const { connect, listen, udpSocket } = Bun;

module.exports = { connect, listen, udpSocket, install: () => Bun, stats: () => undefined };
