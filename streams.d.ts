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
  constructor(socket: Socket<any>, options?: StreamOptions);
  /** The socket. Its handlers belong to the stream; `setTypeOfService`, `getCipher` and the like are the program's. */
  readonly socket: Socket<any>;
  /** Always `false`: streams are made of open sockets. */
  connecting: boolean;
  readonly pending: boolean;
  /** Bytes received so far. */
  bytesRead: number;
  /** Bytes the kernel has taken so far. */
  readonly bytesWritten: number;
  /** `'open'`, `'readOnly'`, `'writeOnly'` or `'closed'`. */
  readonly readyState: string;
  /** Milliseconds of silence until `timeout`, 0 for never. */
  timeout: number;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly localFamily: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  /** Whether it speaks TLS. */
  readonly encrypted: boolean;
  readonly authorized: boolean;
  readonly authorizationError: Error | null;
  readonly alpnProtocol: string | false | null;
  /** The local end; `{}` for unix sockets. */
  address(): { address?: string; family?: string; port?: number };
  getPeerCertificate(detailed?: boolean): PeerCertificate;
  isSessionReused(): boolean;
  ref(): this;
  unref(): this;
  setNoDelay(noDelay?: boolean): this;
  /** @param initialDelay milliseconds */
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
 * @throws Error `ERR_SOCKET_CLOSED`, TypeError `ERR_INVALID_ARG_TYPE` for what is no socket
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
 * The chunks of an open socket as they come, in memory of their own. The socket is paused while nobody asks for the next one. Leaving the
 * loop early closes it; a connection that breaks throws inside the loop, after the last chunk. Write with `socket.write` as before.
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
