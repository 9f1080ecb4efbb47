'use strict';
// The `tls` option, converted by Bun's rules into DER, numbers and names. Reading keys and certificates is Node's work.

const { Blob } = require('node:buffer');
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const { delimiter, join } = require('node:path');
const tls = require('node:tls');
const { types } = require('node:util');
const { coded, invalidType, outOfRange, received } = require('./errors');
const { pathOf } = require('./file');
const pem = require('./pem');

/**
 * @typedef {object} Identity
 * @property {Buffer} key PKCS#8, DER
 * @property {Buffer[]} chain DER, leaf first
 */

/**
 * One entry of the option, as the binding takes it.
 * @typedef {object} TlsEntry
 * @property {Identity[]} identities
 * @property {Buffer[] | undefined} ca DER; absent for the built-in roots
 * @property {boolean} allowPartialTrustChain
 * @property {Buffer[]} crls DER
 * @property {string | undefined} serverName
 * @property {boolean} rejectUnauthorized
 * @property {boolean} requestCert
 * @property {Buffer | undefined} alpn in the wire format, or not, when the program's was not
 * @property {string | undefined} ciphers
 * @property {number[] | undefined} groups numbers of the protocol (RFC 8446, 4.2.7)
 * @property {number | undefined} minVersion
 * @property {number | undefined} maxVersion
 * @property {number} secureOptions
 */

/**
 * What was asked for, before files are read and keys and certificates looked into.
 * @typedef {ReturnType<typeof convertTlsOptions>} TlsWishes
 */

/**
 * Reads an entry of the `tls` option: each member once, in Bun's order, so that of several mistakes the same one is told.
 * @param {unknown} option not undefined, null or false: those mean plain text
 * @throws {TypeError | RangeError} as Bun does, for what has a wrong type or range
 */
function convertTlsOptions(option) {
  if (option === true) option = {};
  if (option === null || Array.isArray(option) || (typeof option !== 'object' && typeof option !== 'function')) {
    throw invalidType('TLSOptions must be an object');
  }
  const given = /** @type {Record<string, any>} */ (option);
  const wishes = {
    passphrase: text(given.passphrase, 'passphrase'),
    dhParamsFile: text(given.dhParamsFile, 'dhParamsFile'),
    serverName: text(given.serverName, 'serverName'),
    servername: text(given.servername, 'serverName'),
    lowMemoryMode: strictBoolean(given.lowMemoryMode, 'lowMemoryMode'),
    rejectUnauthorized: boolean(given.rejectUnauthorized, 'rejectUnauthorized'),
    requestCert: strictBoolean(given.requestCert, 'requestCert'),
    ca: files(given.ca, 'ca'),
    cert: files(given.cert, 'cert'),
    key: files(given.key, 'key'),
    secureOptions: integer(given.secureOptions, 'secureOptions', 0, 0xffffffff),
    minVersion: integer(given.minVersion, 'minVersion', -0x80000000, 0x7fffffff),
    maxVersion: integer(given.maxVersion, 'maxVersion', -0x80000000, 0x7fffffff),
    keyFile: text(given.keyFile, 'keyFile'),
    certFile: text(given.certFile, 'certFile'),
    caFile: text(given.caFile, 'caFile'),
    alpn: protocols(given.ALPNProtocols),
    ciphers: text(given.ciphers, 'ciphers'),
    // These two are about renegotiation, which rustls never does.
    clientRenegotiationLimit: integer(given.clientRenegotiationLimit, 'clientRenegotiationLimit', 0, 0xffffffff),
    clientRenegotiationWindow: integer(given.clientRenegotiationWindow, 'clientRenegotiationWindow', 0, 0xffffffff),
    crl: files(given.crl, 'crl'),
    allowPartialTrustChain: strictBoolean(given.allowPartialTrustChain, 'allowPartialTrustChain'),
    // Differs from Bun (15): both are rustls' own business.
    sessionTimeout: integer(given.sessionTimeout, 'sessionTimeout', -0x80000000, 0x7fffffff),
    sigalgs: text(given.sigalgs, 'sigalgs'),
    ecdhCurve: text(given.ecdhCurve, 'ecdhCurve'),
  };
  noContext(given.secureContext);
  return wishes;
}

/**
 * @param {TlsWishes | TlsWishes[]} wishes several only on a server: SNI chooses among them. Differs from Bun (13): it takes one.
 * @param {boolean} asServer the environment decides nothing then
 * @returns {TlsEntry[]}
 * @throws {TypeError | Error} as Bun does, for files and for what is in keys and certificates
 */
function readTlsOptions(wishes, asServer) {
  return [wishes].flat().map((entry) => readEntry(entry, asServer));
}

/**
 * @param {TlsWishes} wishes
 * @param {boolean} asServer
 * @returns {TlsEntry}
 */
function readEntry(wishes, asServer) {
  const { passphrase, requestCert = false, allowPartialTrustChain = false, alpn, ciphers } = wishes;
  const { minVersion, maxVersion, secureOptions = 0 } = wishes;
  checkParameters(wishes.dhParamsFile);
  const serverName = wishes.serverName ?? wishes.servername;
  // As in Bun, the environment makes clients lenient and never servers, which would let anybody in.
  const lenient = !asServer && process.env.NODE_TLS_REJECT_UNAUTHORIZED === '0';
  const rejectUnauthorized = wishes.rejectUnauthorized ?? !lenient;
  if (serverName?.includes('\0')) throw invalidType('"serverName" must not contain null bytes');
  // Bun's order again: files, certificates and keys, authorities, curves.
  const key = file(wishes.keyFile, 'keyFile') ?? wishes.key;
  const cert = file(wishes.certFile, 'certFile') ?? wishes.cert;
  const authorityFile = file(wishes.caFile, 'caFile');
  const own = identities(key, cert, passphrase);
  const ca = authorities(wishes.ca, authorityFile);
  const groups = groupNumbers(wishes.ecdhCurve);
  return {
    identities: own.map(({ key, chain, leaf }) => ({ key, chain: completed(chain, leaf, ca ?? []) })),
    ca,
    allowPartialTrustChain,
    crls: wishes.crl.flatMap(({ content }) => pem.revocationLists(content)),
    serverName,
    rejectUnauthorized,
    requestCert,
    alpn,
    ciphers,
    groups,
    minVersion,
    maxVersion,
    secureOptions,
  };
}

/**
 * One certificate with its key for each kind of key; of several of one kind the last are used. A key without a certificate,
 * or the other way round, is no error: every handshake that needs them fails. All of it as on Bun.
 * @param {Source[]} keys
 * @param {Source[]} certificates
 * @param {string | undefined} passphrase
 * @returns {(Identity & { leaf: X509Certificate })[]}
 */
function identities(keys, certificates, passphrase) {
  const chains = new Map(
    certificates.map(({ content }) => {
      const chain = pem.certificates(content);
      const leaf = new X509Certificate(chain[0]);
      return [leaf.publicKey.asymmetricKeyType, { chain, leaf }];
    }),
  );
  const secrets = new Map(
    keys.map((key) => {
      const secret = pem.privateKey(key.content, key.passphrase ?? passphrase);
      return [secret.asymmetricKeyType, secret];
    }),
  );
  const found = [];
  for (const [kind, { chain, leaf }] of chains) {
    const secret = secrets.get(kind);
    if (secret === undefined) continue;
    if (!leaf.checkPrivateKey(secret)) throw mismatch(0x0b000074, 'KEY_VALUES_MISMATCH');
    found.push({ key: secret.export({ type: 'pkcs8', format: 'der' }), chain, leaf });
  }
  if (found.length === 0 && chains.size > 0 && secrets.size > 0) throw mismatch(0x0b000073, 'KEY_TYPE_MISMATCH');
  return found;
}

/**
 * The chain to send. As on Bun, a certificate that comes alone is followed by its issuers out of `ca`, the last of them, which
 * is its own issuer, included.
 * @param {Buffer[]} chain
 * @param {X509Certificate} leaf the first of it
 * @param {Buffer[]} ca
 * @returns {Buffer[]}
 */
function completed(chain, leaf, ca) {
  if (chain.length > 1 || ca.length === 0) return chain;
  const candidates = ca.map((der) => new X509Certificate(der));
  const whole = [...chain];
  let certificate = leaf;
  // As many steps as there are candidates: some could be each other's issuers.
  for (let step = 0; step < candidates.length && !certificate.checkIssued(certificate); step++) {
    const issuer = candidates.find((candidate) => certificate.checkIssued(candidate));
    if (issuer === undefined) break;
    whole.push(issuer.raw);
    certificate = issuer;
  }
  return whole;
}

/**
 * @param {number} number
 * @param {string} reason
 */
function mismatch(number, reason) {
  return pem.opensslError(number, 'X.509 certificate routines', reason, `ERR_OSSL_X509_${reason}`);
}

/**
 * @typedef {object} Source
 * @property {string} content PEM
 * @property {string} [passphrase]
 */

/**
 * The contents of `key`, `cert`, `ca` or `crl`.
 * @param {unknown} value
 * @param {string} name
 * @returns {Source[]}
 */
function files(value, name) {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    const kinds = 'string, ArrayBuffer, Blob, array of <string, ArrayBuffer, or Blob>, or null';
    return [source(value, name, `TLSOptions.${name} must be of type ${kinds}`)];
  }
  const message = `element of TLSOptions.${name} must be of type string, ArrayBuffer, or Blob`;
  return value.map((element) => source(element, name, message));
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {string} message for a wrong type
 * @returns {Source}
 */
function source(value, name, message) {
  const content = contentOf(value, name);
  if (content !== undefined) return { content };
  // Differs from Bun (13): its documentation has these objects, its code refuses them.
  if (typeof value === 'object' && value !== null && 'pem' in value) {
    const content = contentOf(value.pem, name);
    const passphrase = 'passphrase' in value ? value.passphrase : undefined;
    if (content !== undefined && (passphrase === undefined || passphrase === null)) return { content };
    if (content !== undefined && typeof passphrase === 'string') return { content, passphrase };
  }
  throw invalidType(message);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {string | undefined}
 */
function contentOf(value, name) {
  if (typeof value === 'string') return value;
  const bytes = bytesOf(value);
  if (bytes !== undefined) return bytes.toString('latin1');
  if (!(value instanceof Blob)) return undefined;
  const path = pathOf(value);
  if (typeof path !== 'string') {
    throw invalidType(`TLSOptions.${name} is not a valid BunFile (non-BunFile \`Blob\`s are not supported)`);
  }
  // On Bun the thread waits until somebody writes into it.
  if (fs.statSync(path, { throwIfNoEntry: false })?.isFIFO()) {
    throw invalidType(`TLSOptions.${name} must be a regular file: ${path} is a FIFO`);
  }
  const content = fs.readFileSync(path, 'latin1');
  if (content === '') throw invalidType(`TLSOptions.${name} is an empty file`);
  return content;
}

/**
 * @param {unknown} value
 * @returns {Buffer | undefined}
 */
function bytesOf(value) {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (types.isArrayBuffer(value)) return Buffer.from(value);
  return undefined;
}

/** The groups for key exchanges by BoringSSL's names; those without a number are not rustls'. @type {ReadonlyMap<string, number | undefined>} */
const GROUPS = new Map([
  ['P-256', 0x0017],
  ['prime256v1', 0x0017],
  ['P-384', 0x0018],
  ['secp384r1', 0x0018],
  ['P-521', undefined],
  ['secp521r1', undefined],
  ['X25519', 0x001d],
  ['x25519', 0x001d],
  ['X25519MLKEM768', 0x11ec],
  ['MLKEM1024', undefined],
]);

/**
 * The groups that `ecdhCurve` names, with colons between them.
 *
 * Differs from Bun (15): those that rustls does not have are passed over, and a list of no others throws.
 * @param {string | undefined} list
 * @returns {number[] | undefined}
 */
function groupNumbers(list) {
  if (list === undefined || list === 'auto') return undefined;
  const names = list.split('\0', 1)[0].split(':');
  const groups = names.map((name) => GROUPS.get(name)).filter((group) => group !== undefined);
  const isSound = names.every((name) => GROUPS.has(name)) && new Set(groups).size === groups.length;
  if (!isSound || groups.length === 0) {
    throw coded(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Failed to set ECDH curve');
  }
  return groups;
}

/**
 * Differs from Bun (15): what node:tls has made of certificates and keys, rustls cannot have. Without it nothing would be checked.
 * @param {any} context
 */
function noContextOfNode(context) {
  if (context?.constructor?.name !== 'SecureContext') return;
  throw invalidType('"secureContext" is not supported: pass what it was made of as "tls"');
}

/** @param {any} context the option `secureContext` */
function noContext(context) {
  if (context === undefined || context === null || context === '') return;
  noContextOfNode(context);
  throw invalidType(`The "secureContext" argument must be of type SecureContext. ${received(context)}`);
}

/**
 * The content of `keyFile`, `certFile`, `caFile` or `dhParamsFile`. As in Bun, it stands for what the option without "File" says, which is not
 * even looked at.
 * @param {string | undefined} path
 * @param {string} name
 * @returns {Source[] | undefined}
 */
function file(path, name) {
  if (path === undefined) return undefined;
  if (path.includes('\0')) {
    throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `TLSOptions.${name} must be a path without null bytes`);
  }
  try {
    fs.accessSync(path, fs.constants.R_OK);
  } catch {
    throw invalidType(`Unable to access ${name} path`);
  }
  // What is no file has no certificates in it either.
  return [{ content: fs.statSync(path).isFile() ? fs.readFileSync(path, 'latin1') : '' }];
}

/**
 * Parameters for key exchanges that rustls does not have. Bun reads them at once, so a wrong file is noticed.
 * @param {string | undefined} path
 */
function checkParameters(path) {
  for (const { content } of file(path, 'dhParamsFile') ?? []) {
    if (!content.includes('-----BEGIN DH PARAMETERS-----')) throw pem.noStartLine();
  }
}

/**
 * The certificates of `caFile`, or else of `ca`.
 * @param {Source[]} sources
 * @param {Source[] | undefined} files
 * @returns {Buffer[] | undefined}
 */
function authorities(sources, files) {
  const all =
    files?.map(({ content }) => pem.authorities(content, 'Failed to load CA file')) ??
    sources.map(({ content }) => pem.authorities(content, 'Invalid CA'));
  return all.length === 0 ? undefined : all.flat();
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {string | undefined}
 */
function text(value, name) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidType(`TLSOptions.${name} must be a string`);
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {boolean | undefined}
 */
function boolean(value, name) {
  return value === null ? undefined : strictBoolean(value, name);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {boolean | undefined}
 */
function strictBoolean(value, name) {
  if (value === undefined) return undefined;
  if (typeof value !== 'boolean') throw invalidType(`TLSOptions.${name} must be a boolean`);
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} lowest
 * @param {number} highest
 * @returns {number | undefined}
 */
function integer(value, name, lowest, highest) {
  if (value === undefined) return undefined;
  if (typeof value === 'bigint') return integer(Number(value), name, lowest, highest);
  if (typeof value !== 'number') throw invalidType(`TLSOptions.${name} must be a number`);
  if (!Number.isInteger(value)) throw outOfRange(`TLSOptions.${name} must be an integer (received ${value})`);
  if (value < lowest || value > highest) {
    throw outOfRange(`TLSOptions.${name} must be in the range [${lowest}, ${highest}] (received ${value})`);
  }
  return value;
}

/**
 * @param {unknown} value
 * @returns {Buffer | undefined} the wire format
 */
function protocols(value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return Buffer.from(value);
  const bytes = bytesOf(value);
  if (bytes !== undefined) return Buffer.from(bytes);
  // Differs from Bun (13): names in an array, as in Node.
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && nameFits(name))) {
    return Buffer.concat(value.flatMap((name) => [Buffer.from([Buffer.byteLength(name)]), Buffer.from(name)]));
  }
  throw invalidType('TLSOptions.ALPNProtocols must be of type string, ArrayBuffer, or null');
}

/** @param {string} name of a protocol, whose length must fit in a byte and not be 0 */
function nameFits(name) {
  return name.length > 0 && Buffer.byteLength(name) < 256;
}

/**
 * The certificates that connections without `ca` trust, DER: those of the runtime, and those that whoever runs the process has added.
 * @returns {{ builtIn: Buffer[], added: Buffer[] }}
 */
function defaultRoots() {
  // Node 22.15 and newer know about --use-system-ca, --use-openssl-ca and NODE_EXTRA_CA_CERTS.
  const { getCACertificates } = /** @type {{ getCACertificates?: (kind: string) => string[] }} */ (tls);
  const blocks = (/** @type {readonly string[]} */ roots) => roots.flatMap((root) => pem.blocks(root));
  const bundled = blocks(tls.rootCertificates);
  // Of a file that can't be read Node has warned when it started.
  const files = new Set([process.env.NODE_EXTRA_CA_CERTS, ...filesOfOpenssl()]);
  // Where these name the system's own bundle, nearly all of them are Node's, too, and nobody has added those.
  const known = new Set(bundled.map((der) => der.toString('latin1')));
  const isNew = (/** @type {string} */ der) => !known.has(der) && known.add(der);
  return {
    builtIn: getCACertificates === undefined ? bundled : blocks(getCACertificates('default')),
    added: [...files].flatMap(rootsIn).filter((der) => isNew(der.toString('latin1'))),
  };
}

/** The files of `SSL_CERT_FILE` and `SSL_CERT_DIR`, OpenSSL's variables, which Bun heeds, and Node with `--use-openssl-ca` only. */
function filesOfOpenssl() {
  const { SSL_CERT_FILE, SSL_CERT_DIR } = process.env;
  const folders = SSL_CERT_DIR ? SSL_CERT_DIR.split(delimiter) : [];
  return [SSL_CERT_FILE, ...folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))];
}

/** The files that OpenSSL looks at: named by a hash of the subject, as `openssl rehash` does. @param {string} folder */
function namesIn(folder) {
  try {
    return fs.readdirSync(folder).filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name));
  } catch {
    return [];
  }
}

/** The certificates in a file; none if it can't be read, as in Bun. @param {string | undefined} file */
function rootsIn(file) {
  if (!file) return [];
  try {
    return pem.blocks(fs.readFileSync(file, 'latin1'));
  } catch {
    return [];
  }
}

/**
 * Where connections log their secrets: `--tls-keylog` as of Node's, else `SSLKEYLOGFILE`.
 * @returns {string | undefined}
 */
function keyLogPath() {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ')];
  for (const [index, word] of words.entries()) {
    if (word.startsWith('--tls-keylog=')) return word.slice('--tls-keylog='.length);
    if (word === '--tls-keylog') return words[index + 1];
  }
  return process.env.SSLKEYLOGFILE || undefined;
}

/** Options whose false and 0 say nothing. */
const SAY_NOTHING = [
  ...['lowMemoryMode', 'requestCert', 'secureOptions', 'minVersion', 'maxVersion'],
  ...['allowPartialTrustChain', 'sessionTimeout'],
];

/**
 * Whether any option says anything that is not the default.
 * @param {TlsWishes} wishes
 */
function saysSomething(wishes) {
  return Object.entries(wishes).some(([name, value]) => {
    if (Array.isArray(value)) return value.length > 0;
    return SAY_NOTHING.includes(name) ? Boolean(value) : value !== undefined;
  });
}

module.exports = {
  convertTlsOptions,
  defaultRoots,
  keyLogPath,
  noContext,
  noContextOfNode,
  readTlsOptions,
  saysSomething,
};
