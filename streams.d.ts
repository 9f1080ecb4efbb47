/// <reference types="node" />

// `bun-sockets/streams`: our own addition, not in Bun. It uses what Bun's sockets have too, and so it runs on Bun as well.

import type { Agent, AgentOptions } from 'node:http';
import type { Duplex, DuplexOptions } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import type { PeerCertificate } from 'node:tls';
import type {
  Socket,
  SocketHandler,
  TCPSocketConnectOptions,
  TCPSocketListener,
  TCPSocketListenOptions,
  TLSOptions,
  UnixSocketListener,
  UnixSocketOptions,
} from './index.js';

/** What a stream can be told: `highWaterMark`, `readableHighWaterMark`, `signal` ... Sockets decide the rest. */
export type StreamOptions = Pick<
  DuplexOptions,
  'highWaterMark' | 'readableHighWaterMark' | 'writableHighWaterMark' | 'encoding' | 'defaultEncoding' | 'signal'
>;

/**
 * A socket as a Node `Duplex`, in the shape of `net.Socket`. Back-pressure is the kernel's in both directions: the socket is paused
 * while the reader is behind, and a write is done when the kernel has taken all of it. `end()` sends the FIN and goes on reading; the
 * socket closes when both sides have ended. `destroy()` closes it at once.
 *
 * Errors: what `close` was called with (ECONNRESET ...), `EPIPE` for what was written and could not be sent.
 */
export class SocketDuplex extends Duplex {
  /** {@link toDuplex} makes one: the constructor alone does not take the socket's handlers over. */
  constructor(socket: Socket<any>, options?: StreamOptions);
  /** The socket. Its handlers belong to the stream; `setTypeOfService`, `getCipher` and the like are the program's. */
  readonly socket: Socket<any>;
  /** Always `false`: streams are made of open sockets. */
  connecting: boolean;
  /** Always `false`, as {@link connecting}. */
  readonly pending: boolean;
  /** Bytes received so far. */
  bytesRead: number;
  /** Bytes the kernel has taken so far. */
  readonly bytesWritten: number;
  /** `'open'`, `'readOnly'`, `'writeOnly'` or `'closed'`. */
  readonly readyState: string;
  /** Milliseconds of silence until `timeout`, 0 for never. */
  timeout: number;
  /** Of TCP; `undefined` for unix sockets and, if not read before, after `close`. */
  readonly localAddress: string | undefined;
  /** As {@link localAddress}. */
  readonly localPort: number | undefined;
  /** As {@link localAddress}. */
  readonly localFamily: string | undefined;
  /** As {@link localAddress}. */
  readonly remoteAddress: string | undefined;
  /** As {@link localAddress}. */
  readonly remotePort: number | undefined;
  /** As {@link localAddress}. */
  readonly remoteFamily: string | undefined;
  /** Whether it speaks TLS. */
  readonly encrypted: boolean;
  /** Whether the peer's certificate was verified; `false` without TLS. */
  readonly authorized: boolean;
  /** Why not, with OpenSSL's code; null if it was, and without TLS. */
  readonly authorizationError: Error | null;
  /** The protocol chosen by ALPN; `false` if there is none. */
  readonly alpnProtocol: string | false | null;
  /** The local end; `{}` for unix sockets. */
  address(): { address?: string; family?: string; port?: number };
  /** The peer's certificate, `{}` if there is none. `detailed` adds the chain. Default `false`. */
  getPeerCertificate(detailed?: boolean): PeerCertificate;
  /** Whether the TLS session continues an earlier one. */
  isSessionReused(): boolean;
  /** Keeps the process alive while the socket is open; that is the default. Not counted. */
  ref(): this;
  /** Lets the process end although the socket is open. */
  unref(): this;
  /** TCP_NODELAY, on from the start. `noDelay` is `true` by default. */
  setNoDelay(noDelay?: boolean): this;
  /** SO_KEEPALIVE. @param enable default `false` @param initialDelay milliseconds, less than 1000 leaves it as it is. Default 0 */
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  /** Emits `timeout` after so many milliseconds without a byte in either direction; 0 for never. It closes nothing. */
  setTimeout(milliseconds: number, listener?: () => void): this;
  /** Closes with a reset. */
  resetAndDestroy(): this;
  /** Ends, and closes when everything is written. */
  destroySoon(): void;
}

/**
 * Makes a stream of an open socket; its handlers are the stream's from then on. Call it in the `open` handler, or at once after
 * `await connect(...)`: then nothing is missed. Give `allowHalfOpen: true` to `connect` or `listen`, or the socket closes at the peer's
 * FIN and what has not been written yet fails with EPIPE.
 *
 * On Bun for sockets of `connect` only; use {@link duplexHandlers} for accepted ones.
 *
 * @throws Error `ERR_SOCKET_CLOSED`, TypeError `ERR_INVALID_ARG_TYPE` for what is no socket of this package; on Bun a TypeError for
 *   accepted sockets, and what calling `reload` throws for what is no socket
 */
export function toDuplex(socket: Socket<any>, options?: StreamOptions): SocketDuplex;

/**
 * Handlers for `listen` or `connect` that make a stream of every connection.
 *
 * @param onStream if it throws, the stream is destroyed with that error
 * @param options `secure`: the stream comes when a TLS handshake has succeeded. Default `false`
 */
export function duplexHandlers(
  onStream: (stream: SocketDuplex) => void,
  options?: StreamOptions & { secure?: boolean },
): SocketHandler<any>;

/** Options without what the stream decides; `stream` is for the stream itself. */
type Without<Options> = Omit<Options, 'socket' | 'data'> & { stream?: StreamOptions };

/**
 * Connects and gives a stream, with TLS when the handshake has succeeded. `allowHalfOpen` is `true` unless given.
 *
 * @returns a promise that rejects as that of `connect`, or with the error of the handshake
 * @throws as `connect`, but through the promise
 */
export function connectDuplex(
  options: Without<TCPSocketConnectOptions> | Without<UnixSocketOptions>,
): Promise<SocketDuplex>;

/**
 * Listens and gives a stream for each connection, with TLS for each successful handshake. `allowHalfOpen` is `true` unless given.
 *
 * @throws as `listen`
 */
export function listenDuplex(
  options: Without<TCPSocketListenOptions>,
  onStream: (stream: SocketDuplex) => void,
): TCPSocketListener<undefined>;
export function listenDuplex(
  options: Without<UnixSocketOptions>,
  onStream: (stream: SocketDuplex) => void,
): UnixSocketListener<undefined>;

/**
 * A pair of web streams of an open socket, with the same back-pressure. Closing the writable sends the FIN; cancelling or aborting either
 * closes the socket.
 */
export function toWeb(socket: Socket<any> | SocketDuplex): {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array | string>;
};

/**
 * The chunks of an open socket as they come; they may share their `buffer` with other Buffers of the program. The socket is paused while
 * nobody asks for the next one. Leaving the loop early closes it; a connection that breaks throws inside the loop, after the last chunk.
 * Write with `socket.write` as before.
 *
 * @param options `drain`: called as the handler of that name
 */
export function chunks(
  socket: Socket<any>,
  options?: { drain?(socket: Socket<any>): void },
): AsyncGenerator<Buffer, void, void>;

/**
 * An agent for `http.request` and, with `tls`, for `https.request`, whose connections are sockets of this package.
 *
 * `maxSockets` does not count connections that are still being made, as with every agent whose `createConnection` answers later:
 * requests begun at the same moment may open more.
 */
export class SocketAgent extends Agent {
  /** @param options those of `http.Agent`; `tls` makes it an agent for https. */
  constructor(options?: AgentOptions & { tls?: TLSOptions | boolean });
}

/**
 * A connector for undici: `new Agent({ connect: undiciConnector() })`. HTTP/1.1.
 *
 * @param options `tls`: for https
 */
export function undiciConnector(options?: {
  tls?: TLSOptions | true;
}): (options: any, callback: (error: Error | null, socket: any) => void) => void;
