'use strict';
// As `adopt.js`, with what Bun has for it.

/**
 * @param {any} socket
 * @param {object} handlers
 * @throws {TypeError} for accepted sockets: Bun knows no handlers of one of them alone
 */
function adopt(socket, handlers) {
  if (socket.listener !== undefined) {
    throw new TypeError(
      'On Bun, give listen() the handlers of duplexHandlers() instead: accepted sockets share theirs',
    );
  }
  socket.reload({ socket: handlers });
}

module.exports = { adopt };
