'use strict';
// A socket as a Node stream. It uses nothing of the socket but what Bun's has too.

const { Duplex } = require('node:stream');
const { clearTimeout, setTimeout } = require('node:timers');

/** Chunks that wait together are sent with one call up to this many bytes; above it, copying them costs more than the calls. */
const JOINED = 256 * 1024;

/** @param {string} code @param {string} message */
const failure = (code, message) => Object.assign(new Error(message), { code, syscall: 'write' });
const broken = () => failure('EPIPE', 'The socket was closed before everything was written');

/**
 * A socket as a `Duplex`, in the shape of `net.Socket`: what `http`, `undici` and the like ask of a connection is there.
 *
 * Back-pressure is the kernel's in both directions: the socket is paused while the reader is behind, and a write is done when the
 * kernel has taken all of it. `end()` sends the FIN and goes on reading; the socket closes when both sides have ended.
 */
class SocketDuplex extends Duplex {
  /** There is no such phase: streams are made of open sockets. */
  connecting = false;
  /** Bytes received so far. */
  bytesRead = 0;
  /** Milliseconds of silence until the `timeout` event, 0 for never. */
  timeout = 0;

  /** @type {any} */ #socket;
  #paused = false;
  #open = true;
  /** What the kernel has not taken yet. @type {Uint8Array | undefined} */ #rest = undefined;
  /** @type {((error?: Error | null) => void) | undefined} */ #written = undefined;
  /** Waits for `close`. @type {((error: Error | null) => void) | undefined} */ #destroyed = undefined;
  /** @type {Error | null} */ #cause = null;
  /** @type {NodeJS.Timeout | undefined} */ #timer = undefined;

  /**
   * @param {any} socket open, with `SocketDuplex.handlers` as its handlers
   * @param {import('node:stream').DuplexOptions} [options]
   */
  constructor(socket, options) {
    // As net.Socket: who reads the end has not said that there is nothing more to write.
    super({
      ...options,
      allowHalfOpen: true,
      autoDestroy: true,
      emitClose: true,
      decodeStrings: true,
      objectMode: false,
    });
    this.#socket = socket;
  }

  /** The socket. Its handlers belong to the stream. */
  get socket() {
    return this.#socket;
  }

  get bytesWritten() {
    return this.#socket.bytesWritten;
  }

  get localAddress() {
    return this.#socket.localAddress;
  }

  get localPort() {
    return this.#socket.localPort;
  }

  get localFamily() {
    return this.#socket.localFamily;
  }

  get remoteAddress() {
    return this.#socket.remoteAddress;
  }

  get remotePort() {
    return this.#socket.remotePort;
  }

  get remoteFamily() {
    return this.#socket.remoteFamily;
  }

  /** Whether it speaks TLS. */
  get encrypted() {
    return this.#socket[Symbol.toStringTag] === 'TLSSocket';
  }

  get authorized() {
    return this.#socket.authorized;
  }

  get authorizationError() {
    return this.#socket.getAuthorizationError();
  }

  get alpnProtocol() {
    return this.#socket.alpnProtocol;
  }

  get pending() {
    return false;
  }

  get readyState() {
    if (!this.#open) return 'closed';
    if (this.readable && this.writable) return 'open';
    return this.readable ? 'readOnly' : 'writeOnly';
  }

  address() {
    const { localAddress, localFamily, localPort } = this;
    return localAddress === undefined ? {} : { address: localAddress, family: localFamily, port: localPort };
  }

  getPeerCertificate(/** @type {boolean} */ detailed) {
    return this.#socket.getPeerCertificate(!detailed) ?? {};
  }

  isSessionReused() {
    return this.#socket.isSessionReused();
  }

  ref() {
    this.#socket.ref();
    return this;
  }

  unref() {
    this.#socket.unref();
    return this;
  }

  setNoDelay(noDelay = true) {
    this.#socket.setNoDelay(Boolean(noDelay));
    return this;
  }

  setKeepAlive(enable = false, initialDelay = 0) {
    this.#socket.setKeepAlive(Boolean(enable), Math.max(Math.trunc(initialDelay), 0));
    return this;
  }

  /**
   * Emits `timeout` after so many milliseconds without a byte in either direction, each time anew; 0 for never.
   * @param {number} milliseconds
   * @param {() => void} [listener]
   */
  setTimeout(milliseconds, listener) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.timeout = milliseconds;
    if (listener !== undefined) {
      if (milliseconds > 0) this.once('timeout', listener);
      else this.removeListener('timeout', listener);
    }
    if (milliseconds > 0) this.#timer = setTimeout(() => this.emit('timeout'), milliseconds).unref();
    return this;
  }

  /** Closes with a reset. */
  resetAndDestroy() {
    this.#socket.terminate();
    return this.destroy();
  }

  /** Ends the writing side after what was written, then closes. */
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** @param {number} _size */
  _read(_size) {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /**
   * @param {Uint8Array} chunk
   * @param {string} _encoding
   * @param {(error?: Error | null) => void} done
   */
  _write(chunk, _encoding, done) {
    this.#timer?.refresh();
    const taken = this.#socket.write(chunk);
    if (taken === chunk.length) {
      done();
    } else if (taken < 0) {
      done(broken());
    } else {
      this.#rest = chunk.subarray(taken);
      this.#written = done;
    }
  }

  /**
   * @param {{ chunk: Uint8Array, encoding: string }[]} chunks
   * @param {(error?: Error | null) => void} done
   */
  _writev(chunks, done) {
    const total = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (total <= JOINED) {
      this._write(
        Buffer.concat(
          chunks.map(({ chunk }) => chunk),
          total,
        ),
        'buffer',
        done,
      );
      return;
    }
    let next = 0;
    /** @param {Error | null} [error] */
    const go = (error) => {
      if (error || next === chunks.length) done(error);
      else this._write(chunks[next++].chunk, 'buffer', go);
    };
    go();
  }

  /** @param {(error?: Error | null) => void} done */
  _final(done) {
    // Not `end()`, which closes the whole socket and loses what the peer still has to say.
    if (this.#open) this.#socket.shutdown();
    done();
  }

  /**
   * @param {Error | null} error
   * @param {(error: Error | null) => void} done
   */
  _destroy(error, done) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#rest = undefined;
    this.#written = undefined;
    if (!this.#open) {
      done(error);
      return;
    }
    this.#cause = error;
    this.#destroyed = done;
    this.#socket.close();
  }

  #received(/** @type {Uint8Array} */ bytes) {
    this.bytesRead += bytes.length;
    this.#timer?.refresh();
    if (this.push(bytes) || this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #room() {
    this.#timer?.refresh();
    const chunk = this.#rest;
    const done = this.#written;
    if (chunk === undefined || done === undefined) return;
    const taken = this.#socket.write(chunk);
    if (taken >= 0 && taken < chunk.length) {
      this.#rest = chunk.subarray(taken);
      return;
    }
    this.#rest = undefined;
    this.#written = undefined;
    done(taken < 0 ? broken() : null);
  }

  #ended() {
    if (!this.readableEnded) this.push(null);
  }

  #closed(/** @type {Error | undefined} */ error) {
    this.#open = false;
    clearTimeout(this.#timer);
    if (this.#destroyed !== undefined) {
      this.#destroyed(this.#cause);
      return;
    }
    if (error !== undefined) {
      this.destroy(error);
      return;
    }
    // In good order: what has been received can still be read.
    this.#ended();
    const over = () => {
      if (this.writableFinished) this.destroy();
      else this.destroy(this.writableLength > 0 || this.#written !== undefined ? broken() : undefined);
    };
    if (this.readableEnded || (this.readableLength === 0 && this.#written !== undefined)) over();
    else this.once('end', over);
  }

  /**
   * The handlers that a socket needs before a stream is made of it.
   * @param {(socket: any) => SocketDuplex | undefined} of finds the stream
   */
  static handlers(of) {
    const to = (/** @type {(stream: SocketDuplex, detail: any) => void} */ tell) => {
      return (/** @type {any} */ socket, /** @type {any} */ detail) => {
        const stream = of(socket);
        if (stream !== undefined) tell(stream, detail);
      };
    };
    return {
      data: to((stream, bytes) => stream.#received(bytes)),
      drain: to((stream) => stream.#room()),
      end: to((stream) => stream.#ended()),
      close: to((stream, error) => stream.#closed(error)),
      error: to((stream, error) => stream.destroy(error)),
    };
  }
}

module.exports = { SocketDuplex };
