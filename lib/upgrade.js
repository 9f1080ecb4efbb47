'use strict';
// `upgradeTLS`: TLS on a connection that is already there.

const { invalidType } = require('./errors');
const { Handlers } = require('./handlers');
const { clientSide, serverSide } = require('./secure');
const { NO_TLS } = require('./no-tls');
const { RawConnection, SecureConnection } = require('./secure-connection');
const { TLSSocket } = require('./tls-socket');

/**
 * Puts TLS on a plain connection, which lets go of it.
 * @param {import('./connection').Connection} plain
 * @param {any[]} args that of `upgradeTLS`, if there was one
 * @returns {[raw: object, tls: object]}
 * @throws {Error} as in Bun; the plain socket stays usable then
 */
function upgrade(plain, ...args) {
  if (!plain.isOpen || plain.ending) throw invalidType('upgradeTLS requires an established socket');
  // Differs from Bun (10): it answers undefined.
  if (plain.tls !== NO_TLS || plain instanceof RawConnection) throw invalidType('upgradeTLS requires a plain socket');
  if (args.length === 0) throw new Error('Expected 1 arguments');
  const [options] = args;
  if (options === null || (typeof options !== 'object' && typeof options !== 'function')) {
    throw new Error('Expected options object');
  }
  const { socket, tls, isServer, data } = options;
  if (socket === undefined) throw new Error('Expected "socket" option');
  const handlers = new Handlers(socket).check();
  if (tls === undefined || tls === null || tls === false) throw new Error('Expected "tls" option');
  const asServer = typeof isServer === 'boolean' ? isServer : plain.listening !== undefined;
  const side = asServer ? serverSide(tls) : clientSide(tls, plain.host);

  const secure = new SecureConnection(handlers, data, side);
  const raw = new RawConnection(plain, secure);
  plain.setTimeout(0);
  secure.occupy(plain.vacate());
  secure.referenced = plain.referenced;
  secure.raw = raw;
  raw.socket = new TLSSocket(raw);
  secure.socket = new TLSSocket(secure);
  secure.begin();
  return [raw.socket, secure.socket];
}

module.exports = { upgrade };
