'use strict';
// Certificates as plain objects, in the form `getPeerCertificate()` has in Bun.

const { X509Certificate } = require('node:crypto');

/**
 * A certificate, read by Node, with the members that Bun shows, in its order; absent values are undefined.
 * @param {X509Certificate} certificate
 * @returns {any}
 */
function describe(certificate) {
  const known = /** @type {any} */ (certificate.toLegacyObject());
  const { subject, issuer, subjectaltname, infoAccess, modulus, exponent, bits, pubkey, asn1Curve, nistCurve } = known;
  // As on Bun, of other keys than RSA and EC nothing is said.
  const curve = bits === undefined ? {} : { bits, pubkey, asn1Curve, nistCurve };
  const key = modulus === undefined ? curve : { modulus, exponent, bits, pubkey };
  const { valid_from, valid_to, fingerprint, fingerprint256, fingerprint512, ext_key_usage, serialNumber, raw } = known;
  return {
    ...{ subject, issuer, subjectaltname, infoAccess, ...key, valid_from, valid_to },
    ...{ fingerprint, fingerprint256, fingerprint512, ext_key_usage, serialNumber, raw },
    ca: certificate.ca,
  };
}

/**
 * A certificate with its issuers, nested up to one that is its own issuer, or to one whose issuer is not known.
 * @param {Buffer} leaf DER
 * @param {Buffer[]} others DER: where issuers are looked for
 * @returns {any}
 */
function describeWithIssuers(leaf, others) {
  const candidates = others.map((der) => new X509Certificate(der));
  let certificate = new X509Certificate(leaf);
  const whole = describe(certificate);
  let object = whole;
  // As many steps as there are certificates: a peer could send a circle.
  for (let step = 0; step <= candidates.length; step++) {
    if (certificate.checkIssued(certificate)) {
      object.issuerCertificate = object;
      break;
    }
    const issuer = candidates.find((candidate) => certificate.checkIssued(candidate));
    if (issuer === undefined) break;
    object.issuerCertificate = describe(issuer);
    object = object.issuerCertificate;
    certificate = issuer;
  }
  return whole;
}

module.exports = { describe, describeWithIssuers };
