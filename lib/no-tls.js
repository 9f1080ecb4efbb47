'use strict';
// What a socket without TLS answers to questions about TLS: mostly nothing, in the ways Bun has of saying so.

/** The same members as `TlsState` in `tls-state.js`. */
const NO_TLS = Object.freeze({
  alpnProtocol: /** @type {string | false} */ (false),
  authorized: false,
  exportKeyingMaterial() {},
  getAuthorizationError: () => null,
  getCertificate() {},
  getCipher() {},
  getEphemeralKeyInfo: () => null,
  getPeerCertificate: () => null,
  getPeerX509Certificate() {},
  getServername() {},
  getSession() {},
  getSharedSigalgs() {},
  getTLSFinishedMessage() {},
  getTLSPeerFinishedMessage() {},
  getTLSTicket() {},
  getTLSVersion: () => null,
  getX509Certificate() {},
  isSessionReused: () => false,
  renegotiate() {},
  setKeyCert() {},
  setMaxSendFragment: () => false,
  setServername() {},
  setSession() {},
  setVerifyMode() {},
});

module.exports = { NO_TLS };
