'use strict';

const { Blob, Buffer } = require('node:buffer');
const fs = require('node:fs');
const { fileURLToPath } = require('node:url');
const { invalidType } = require('./errors');

const PATH = Symbol.for('bun-sockets.file-path');

/**
 * As much of `Bun.file(path)` as programs use for `tls.key`, `tls.cert` and `tls.ca`: a Blob whose content is read when asked
 * for. The polyfill offers it where `Bun.file` is absent.
 *
 * Not a `File`: a `File` has a name too, but its content is in memory, and its name is no path.
 */
class FileReference extends /** @type {new (parts: []) => object} */ (Blob) {
  /** @param {string} path */
  constructor(path) {
    super([]);
    Object.defineProperty(this, PATH, { value: path });
  }

  /** The path as given to `Bun.file`. */
  get name() {
    return pathOf(this);
  }

  // Blob's type calls `size` a property; in truth it is an accessor, and so it can be one here.
  /** Size in bytes; 0 if there is no such file, as in Bun. */
  get size() {
    return fs.statSync(this.name, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Milliseconds since the epoch; 0 if there is no such file. */
  get lastModified() {
    return fs.statSync(this.name, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  async exists() {
    return fs.statSync(this.name, { throwIfNoEntry: false })?.isFile() ?? false;
  }

  async text() {
    return fs.promises.readFile(this.name, 'utf8');
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async bytes() {
    return new Uint8Array(await this.arrayBuffer());
  }

  async arrayBuffer() {
    const { buffer, byteOffset, byteLength } = await fs.promises.readFile(this.name);
    return /** @type {ArrayBuffer} */ (buffer).slice(byteOffset, byteOffset + byteLength);
  }

  /** @returns {any} a web stream; Node's own type for it lives elsewhere than Blob's */
  stream() {
    return require('node:stream').Readable.toWeb(fs.createReadStream(this.name));
  }

  /** @returns {never} */
  slice() {
    throw new TypeError('bun-sockets offers only what TLS options need of Bun.file: slice() is not part of it');
  }
}

/**
 * @param {unknown} path a path, a `file:` URL or the bytes of a path; descriptors are not supported
 */
function file(path) {
  if (typeof path === 'string') return new FileReference(path.startsWith('file://') ? fileURLToPath(path) : path);
  if (path instanceof URL) return new FileReference(fileURLToPath(path));
  if (ArrayBuffer.isView(path)) {
    return new FileReference(Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString());
  }
  throw invalidType('Bun.file: expected a path or a file URL');
}

/**
 * The path behind an object made by `file`, also by another copy of this package; `undefined` for anything else.
 * @param {any} value
 * @returns {any}
 */
function pathOf(value) {
  return value?.[PATH];
}

module.exports = { file, pathOf };
