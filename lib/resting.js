'use strict';
// Has the native half give the memory of TLS handshakes back to the system, some time after they are over.

const { setTimeout } = require('node:timers');
const { engine } = require('./engine');

/** When connections are first looked at after a handshake, in milliseconds; then the native half says when the next look is due. */
const FIRST_LOOK = 250;

let looks = false;

function look() {
  const delay = engine.giveBack();
  looks = delay > 0;
  if (looks) setTimeout(look, delay).unref();
}

/** The handshake of a connection is over. */
function expectRest() {
  if (looks) return;
  looks = true;
  setTimeout(look, FIRST_LOOK).unref();
}

module.exports = { expectRest };
