'use strict';
// What happens to sockets, for whoever subscribes to it; nothing is made while nobody does. NODE_DEBUG=bun-sockets prints it.

const { channel } = require('node:diagnostics_channel');
const { debuglog } = require('node:util');

/** `{ socket }`: `connect` has connected; with TLS the handshake is still to come. */
const connected = channel('bun-sockets:connect');
/** `{ socket, listener }`: a listener has a new connection. */
const accepted = channel('bun-sockets:accept');
/** `{ socket, success, error }`: what the handshake handler is told; error is null or an Error. */
const shaken = channel('bun-sockets:handshake');
/** `{ socket, listener, error }`: before the close handler runs; error is undefined after an orderly close, listener on clients. */
const closed = channel('bun-sockets:close');
/** `{ socket, error }`: a connect that failed, a handler that threw, a TLS session that broke. */
const failed = channel('bun-sockets:error');

const debug = debuglog('bun-sockets');

/**
 * What sockets were called when they were first mentioned: a closed one has forgotten a part of its addresses.
 * @type {WeakMap<object, string>}
 */
const names = new WeakMap();

/** @param {any} socket */
function name(socket) {
  const known = names.get(socket);
  if (known !== undefined) return known;
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  const path = remotePort === undefined ? '' : ` ${localAddress}:${localPort} - ${remoteAddress}:${remotePort}`;
  const text = `${socket[Symbol.toStringTag]}${path}`;
  names.set(socket, text);
  return text;
}

if (debug.enabled) {
  connected.subscribe((/** @type {any} */ { socket }) => debug('connect %s', name(socket)));
  accepted.subscribe((/** @type {any} */ { socket }) => debug('accept %s', name(socket)));
  shaken.subscribe((/** @type {any} */ { socket, success, error }) => {
    debug('handshake %s %s%s', name(socket), success ? 'succeeded' : 'failed', error ? `: ${error.message}` : '');
  });
  closed.subscribe((/** @type {any} */ { socket, error }) => {
    debug('close %s%s', name(socket), error ? `: ${error.message}` : '');
  });
  failed.subscribe((/** @type {any} */ { socket, error }) =>
    debug('error %s: %s', name(socket), error?.message ?? error),
  );
}

module.exports = { accepted, closed, connected, failed, shaken };
