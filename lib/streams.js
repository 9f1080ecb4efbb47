'use strict';
// `bun-sockets/streams`: sockets as Node streams, web streams and async iterators. Our own addition; it runs on Bun too.

const { Duplex } = require('node:stream');
const { SocketDuplex } = require('./socket-duplex.js');

const onBun = process.versions.bun !== undefined;
const { connect } = onBun ? require('./on-bun.js') : require('./connect.js');
const { listen } = onBun ? require('./on-bun.js') : require('./listener.js');
// A stream's chunks are not known to have memory of their own: those of Node's streams often don't.
const { pooledBuffer } = onBun ? require('./on-bun.js') : require('./handlers.js');
const { adopt } = onBun ? require('./adopt-on-bun.js') : require('./adopt.js');

/**
 * Makes a stream of an open socket, whose handlers are the stream's from then on. In an `open` handler, or at once after
 * `await connect()`, nothing is missed.
 * @param {any} socket
 * @param {import('node:stream').DuplexOptions} [options] `highWaterMark` and the like
 */
function toDuplex(socket, options) {
  if (socket?.readyState === -1) {
    throw Object.assign(new Error('The socket is closed'), { code: 'ERR_SOCKET_CLOSED' });
  }
  /** @type {SocketDuplex} */
  const stream = new SocketDuplex(socket, options);
  adopt(socket, { binaryType: pooledBuffer, ...SocketDuplex.handlers(() => stream) });
  return stream;
}

/**
 * Handlers for `listen` or `connect` that make a stream of every connection. With TLS the stream comes when the handshake has succeeded.
 * @param {(stream: SocketDuplex) => void} onStream what it throws destroys the stream
 * @param {import('node:stream').DuplexOptions & { secure?: boolean }} [options] `secure`: wait for a TLS handshake
 */
function duplexHandlers(onStream, options = {}) {
  const { secure, ...streamOptions } = options;
  /** @type {WeakMap<object, SocketDuplex>} */
  const streams = new WeakMap();
  const begin = (/** @type {any} */ socket) => {
    const stream = new SocketDuplex(socket, streamOptions);
    streams.set(socket, stream);
    try {
      onStream(stream);
    } catch (error) {
      stream.destroy(/** @type {Error} */ (error));
    }
  };
  const handlers = { binaryType: pooledBuffer, ...SocketDuplex.handlers((socket) => streams.get(socket)) };
  if (!secure) return { ...handlers, open: begin };
  return {
    ...handlers,
    handshake(/** @type {any} */ socket, /** @type {boolean} */ success) {
      if (!success) return;
      // A refused client is closed right after this handler; it must not be seen.
      queueMicrotask(() => {
        if (socket.readyState === 1) begin(socket);
      });
    },
  };
}

/** @param {any} tls the option */
const wantsTls = (tls) => tls !== undefined && tls !== null && tls !== false;

/**
 * Connects, and gives a stream: with TLS, when the handshake has succeeded.
 * @param {any} options those of `connect`, without `socket`; `stream` has options for the stream
 * @returns {Promise<SocketDuplex>} rejects as `connect` does, and with what the handshake failed with
 */
function connectDuplex(options) {
  const { stream: streamOptions, ...rest } = options;
  return new Promise((resolve, reject) => {
    const handlers = duplexHandlers(resolve, { ...streamOptions, secure: wantsTls(rest.tls) });
    const { close, handshake } = /** @type {any} */ (handlers);
    /** @type {any} */
    const socket = {
      ...handlers,
      close(/** @type {any} */ closed, /** @type {Error | undefined} */ error) {
        close(closed, error);
        // Nothing happens if there is a stream already.
        reject(error ?? Object.assign(new Error('The socket was closed'), { code: 'ECONNRESET' }));
      },
    };
    if (handshake !== undefined) {
      socket.handshake = (
        /** @type {any} */ shaken,
        /** @type {boolean} */ success,
        /** @type {Error | null} */ error,
      ) => {
        if (success) handshake(shaken, success);
        else reject(error);
      };
    }
    Promise.resolve(connect({ allowHalfOpen: true, ...rest, socket })).catch(reject);
  });
}

/**
 * Listens, and gives a stream for each connection.
 * @param {any} options those of `listen`, without `socket`; `stream` has options for the streams
 * @param {(stream: SocketDuplex) => void} onStream
 */
function listenDuplex(options, onStream) {
  const { stream, ...rest } = options;
  const socket = duplexHandlers(onStream, { ...stream, secure: wantsTls(rest.tls) });
  return listen({ allowHalfOpen: true, ...rest, socket });
}

/**
 * A pair of web streams of an open socket.
 * @param {any} socketOrStream a socket, or what `toDuplex` made of it
 * @returns {{ readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array | string> }}
 */
function toWeb(socketOrStream) {
  const stream = socketOrStream instanceof SocketDuplex ? socketOrStream : toDuplex(socketOrStream);
  return /** @type {any} */ (Duplex.toWeb(stream));
}

/**
 * The chunks of an open socket, as they come. The socket is paused while the loop's body runs and data waits. Leaving the loop closes it;
 * a broken connection throws inside the loop. Writing remains the program's: `socket.write` as before, its `drain` is the one given here.
 * @param {any} socket
 * @param {{ drain?: (socket: any) => void }} [options]
 * @returns {AsyncGenerator<Buffer, void, void>}
 */
function chunks(socket, { drain } = {}) {
  /** @type {Buffer[]} */
  const waiting = [];
  let over = socket.readyState === -1;
  /** @type {Error | undefined} */
  let failure;
  let paused = false;
  let wake = () => {};
  const finish = (/** @type {Error | undefined} */ error) => {
    over = true;
    failure ??= error;
    wake();
  };
  if (!over) {
    // Before the first `next()`: what comes until then must not be lost.
    adopt(socket, {
      binaryType: pooledBuffer,
      data(/** @type {any} */ _socket, /** @type {Buffer} */ bytes) {
        waiting.push(bytes);
        if (!paused) {
          paused = true;
          socket.pause();
        }
        wake();
      },
      drain,
      end: () => finish(undefined),
      close: (/** @type {any} */ _socket, /** @type {Error | undefined} */ error) => finish(error),
      error: (/** @type {any} */ _socket, /** @type {Error} */ error) => finish(error),
    });
  }
  return (async function* () {
    try {
      for (;;) {
        const chunk = waiting.shift();
        if (chunk !== undefined) {
          yield chunk;
        } else if (over) {
          if (failure !== undefined) throw failure;
          return;
        } else {
          await new Promise((resolve) => {
            wake = () => resolve(undefined);
            if (paused) {
              paused = false;
              socket.resume();
            }
          });
        }
      }
    } finally {
      if (!over) socket.close();
    }
  })();
}

module.exports = { SocketDuplex, chunks, connectDuplex, duplexHandlers, listenDuplex, toDuplex, toWeb };
