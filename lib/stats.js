'use strict';
// `stats`: what the sockets of this thread come to.

const { Connection } = require('./connection.js');
const { engine, targets } = require('./engine.js');
const { Listening } = require('./listener.js');

/** Nothing is kept up to date for this but the native half's sums: who is open is counted when somebody asks. */
function stats() {
  const { wakeUps, batches, events, ...sums } = engine.counted();
  let sockets = 0;
  let listeners = 0;
  let udpSockets = 0;
  for (const target of targets) {
    if (target === undefined) continue;
    if (target instanceof Connection) sockets++;
    else if (target instanceof Listening) listeners++;
    else udpSockets++;
  }
  return { sockets, listeners, udpSockets, ...sums, events, batches, wakeUps };
}

module.exports = { stats };
