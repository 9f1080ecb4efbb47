'use strict';
// `upgradeTLS`: TLS on a connection that is already there.

const { lookSoon } = require('./engine');
const { invalidType } = require('./errors');
const { Handlers } = require('./handlers');
const { clientSide, serverSide } = require('./secure');
const { NO_TLS } = require('./no-tls');
const { RawConnection, SecureConnection } = require('./secure-connection');
const { bytesOf } = require('./tls-state');
const { convertTlsOptions, noContext, saysSomething } = require('./tls-options');
const { TLSSocket } = require('./tls-socket');

/**
 * Puts TLS on a plain connection, which lets go of it.
 * @param {import('./connection').Connection} plain
 * @param {any[]} args that of `upgradeTLS`, if there was one
 * @returns {[raw: object, tls: object] | undefined} undefined for the raw half of an upgraded socket
 * @throws {Error} as in Bun; the plain socket stays usable then
 */
function upgrade(plain, ...args) {
  if (args.length === 0) throw new Error('Expected 1 arguments');
  if (plain instanceof RawConnection) {
    // Its `data` handler goes on to be called, with records: one that upgrades whenever something comes must not fail there.
    return undefined;
  }
  if (!plain.isOpen || plain.ending) throw invalidType('upgradeTLS requires an established socket');
  // Differs from Bun (10): it answers undefined.
  if (plain.tls !== NO_TLS) throw invalidType('upgradeTLS requires a plain socket');
  const [options] = args;
  if (options === null || (typeof options !== 'object' && typeof options !== 'function')) {
    throw new Error('Expected options object');
  }
  // Read in Bun's order, as in `connect` and `listen`.
  const { isServer, socket } = options;
  if (socket === undefined) throw new Error('Expected "socket" option');
  // A copy: the program may use the memory for something else before the handshake begins.
  const initialData = bytesOf(options.initialData);
  const handlers = new Handlers(socket).check();
  const { secureContext, tls } = options;
  noContext(secureContext);
  if (tls === undefined || tls === null || tls === false) throw new Error('Expected "tls" option');
  const asServer = typeof isServer === 'boolean' ? isServer : plain.listening !== undefined;
  noContext(tls.secureContext);
  const wishes = convertTlsOptions(tls);
  const side = asServer ? serverSide(wishes) : clientSide(wishes, plain.host);
  // Bun refuses what says nothing about TLS. Unlike for `connect` and `listen` (1) no plain connection comes of that.
  if (tls !== true && !saysSomething(wishes)) throw new Error('Expected "tls" option');
  const { data } = options;
  if (plain.shut) throw new Error('Failed to upgrade socket from TCP -> TLS. Is the TLS config correct?');

  const secure = new SecureConnection(handlers, data, side);
  secure.tls.initialData = initialData;
  const raw = new RawConnection(plain, secure);
  plain.setTimeout(0);
  secure.occupy(plain.vacate());
  secure.referenced = plain.referenced;
  secure.raw = raw;
  raw.socket = new TLSSocket(raw);
  secure.socket = new TLSSocket(secure);
  secure.beginAtOnce();
  // As in Bun: a pause in `open` does not outlast the upgrade.
  if (secure.isOpen) secure.resume();
  // Its first words may have found the other end gone.
  lookSoon();
  return [raw.socket, secure.socket];
}

module.exports = { upgrade };
