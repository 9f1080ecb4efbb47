'use strict';
// Gives one socket handlers of its own, whatever it had and whoever accepted it.

const { invalidType } = require('./errors.js');
const { Handlers } = require('./handlers.js');
const { TCPSocket } = require('./socket.js');
const { TLSSocket } = require('./tls-socket.js');

/**
 * Unlike `reload`, which on an accepted socket replaces the handlers of the listener and so of all its sockets.
 * @param {any} socket
 * @param {object} handlers as for `listen` and `connect`
 * @throws {TypeError} for what is no socket of this package
 */
function adopt(socket, handlers) {
  const connection = TCPSocket.connectionOf(socket) ?? TLSSocket.connectionOf(socket);
  if (connection === undefined) {
    throw invalidType('Expected a socket of bun-sockets');
  }
  connection.handlers = new Handlers(handlers).check();
}

module.exports = { adopt };
