'use strict';
// `stats`: what the sockets of this thread come to.

const { engine, targets } = require('./engine.js');

/** Nothing is kept up to date for this but the native half's sums: who is open is counted when somebody asks. */
function stats() {
  const { wakeUps, batches, events, ...sums } = engine.counted();
  let sockets = 0;
  let listeners = 0;
  let udpSockets = 0;
  for (const target of targets) {
    if (target === undefined) continue;
    // Not by class: a test runner may have loaded this package more than once, and each copy has its own.
    if ('accepted' in target) listeners++;
    else if ('datagram' in target) udpSockets++;
    else sockets++;
  }
  return { sockets, listeners, udpSockets, ...sums, events, batches, wakeUps };
}

module.exports = { stats };
