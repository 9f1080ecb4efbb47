/// <reference types="node" />

// Written by hand. Every type here can be exchanged with the one of the same name in bun-types 1.4.5, in both directions
// (__test__/types checks it); where that forbids a better type, the comment says what really comes.
//
// "As Bun" means: observed on Bun 1.4.5 and asserted by the conformance suite. Numbers in parentheses are paragraphs of
// docs/differences.md.

import type { X509Certificate } from 'node:crypto';
import type { Stats as FileStats } from 'node:fs';
import type { CipherNameAndProtocol, EphemeralKeyInfo, PeerCertificate } from 'node:tls';

/** Bytes in memory. */
export type BufferSource = NodeJS.TypedArray<ArrayBufferLike> | DataView<ArrayBufferLike> | ArrayBufferLike;

/** What `data` handlers can be given, by the name that `binaryType` takes. */
export interface BinaryTypeList {
  /** An ArrayBuffer of the event's own. */
  arraybuffer: ArrayBuffer;
  /** A Buffer that fills an ArrayBuffer of its own. The default. */
  buffer: Buffer;
  /** A Uint8Array that fills an ArrayBuffer of its own. */
  uint8array: Uint8Array<ArrayBuffer>;
}

/** A name that `binaryType` takes. */
export type BinaryType = keyof BinaryTypeList;

/**
 * One connection over TCP, TLS or a unix path. The same object in every handler; it may be given properties, but {@link data} is there
 * for that. On a closed socket methods do nothing; what they give then, and which of them throw, is in docs/socket.md.
 */
export interface Socket<Data = undefined> extends Disposable {
  /**
   * Sends inside the call what the kernel has room for. Nothing is buffered: keep the rest, and go on in `drain`, which is called once
   * when there is room again. The memory may be changed as soon as the call returns.
   *
   * @param data A string is sent as UTF-8; a Blob must be in memory. Blobs and encodings are not in Bun's types, but in Bun.
   * @param byteOffset First byte to send, 0 to the size; counts bytes of a string's UTF-8 form too. An encoding's name (`'hex'`,
   * `'latin1'` ...) is taken in its place when `data` is a string. Default 0.
   * @param byteLength Number of bytes, at most what follows the offset. Default: the rest (2). The encoding's name may stand here, too.
   * @returns Bytes taken, 0 if there is no room; -1 if the socket is closed or shut down for writing, or the peer is gone. On TLS sockets
   * bytes of plain text, and 0 until the handshake is over and while some of what was taken before waits for room, encrypted. On others, -1
   * is all that is told of a reset that the write is the first to find: `end` and a `close` without an error follow, as on Bun.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` for other data, or an offset or length that is no integer
   * @throws RangeError `ERR_OUT_OF_RANGE`
   * @throws Error named `TODOError`, without a code, for an encoding together with an offset or a length
   */
  write(data: string | BufferSource | Blob, byteOffset?: number | string, byteLength?: number | string): number;

  /** Whatever the program keeps with the connection. Begins as the `data` of the options; of an accepted socket, of the listener. */
  data: Data;

  /**
   * Sends the last data and closes. Data that the kernel does not take at once is kept, sent, and followed by the FIN (3). Without
   * `allowHalfOpen` the socket is then closed: `close` is called inside this call if nothing was left to send. With it, a plain socket
   * goes on reading until the peer's FIN (4). A TLS socket goes on reading in any case, and looks closed until data comes: as in Bun,
   * `close` and `terminate` do nothing meanwhile.
   *
   * @returns Bytes of `data`; 0 without data; -1 if the socket is closed already. With data also -1 if none of it can be sent, after
   *   {@link shutdown} or because the peer is gone: then nothing has ended, and the close comes by itself.
   * @throws as {@link write}; the socket is then as before
   */
  end(data?: string | BufferSource | Blob, byteOffset?: number | string, byteLength?: number | string): number;
  end(): void;

  /** Keeps the process alive while the socket is open; that is the default. Not counted. */
  ref(): void;

  /**
   * Calls the `timeout` handler once, `seconds` from now, never earlier and at most a second later (11). The socket stays open, and
   * activity does not postpone it. 0 cancels, another call replaces.
   *
   * @param seconds whole ones: converted to a 32-bit integer, so that a fraction is cut off and what is below 1 cancels
   * @throws Error if negative or missing
   */
  timeout(seconds: number): void;

  /**
   * Closes at once with a reset: the peer gets ECONNRESET. `close` is called inside, without an error. In the middle of its handshake a
   * TLS client leaves with FIN, as in Bun.
   */
  terminate(): void;

  /**
   * Sends the FIN and goes on reading; `close` comes when the peer closes. `write` gives -1 from now on. During a TLS handshake, too: it
   * may succeed all the same, if this side had nothing more to say. Before one, in `open`, it has failed: `handshake` is told `false` and null.
   *
   * @param halfClose any true value stops reading instead: `end` follows, and without `allowHalfOpen` `close`
   */
  shutdown(halfClose?: boolean): void;

  /**
   * 1 while open, also after `shutdown` and after the peer's FIN. -1 from `end` on, even while a socket with `allowHalfOpen` goes on
   * reading, or while the rest of `end(data)` is being sent; a TLS socket is 1 again when data comes after that. Bun knows no other in
   * practice.
   */
  readonly readyState: -2 | -1 | 0 | 1 | 2;

  /** Lets the process end although the socket is open. Not counted. */
  unref(): void;

  /**
   * There is nothing that it could send: what the kernel has no room for is sent as soon as it has. As on Bun, it closes a TLS socket that has
   * called {@link end} and got data since.
   */
  flush(): void;

  /**
   * Replaces all handlers, from the next event on; those not given become absent. On an accepted socket it replaces **the listener's**
   * handlers and so those of all its connections, as Bun.
   *
   * @throws Error, TypeError for wrong handlers; the old ones then stay
   */
  reload(options: Pick<SocketOptions<Data>, 'socket'>): void;

  /** The listener that accepted this socket, also after its `stop`. `undefined` on clients and after `close`. */
  readonly listener?: SocketListener;

  /** Of an open TCP connection; really `undefined` for unix sockets. After `close` maybe `undefined`, as Bun. */
  readonly remoteFamily: 'IPv4' | 'IPv6';
  /** As {@link remoteFamily}. */
  readonly remoteAddress: string;
  /** As {@link remoteFamily}; always `undefined` after `close`. */
  readonly remotePort: number;
  /** As {@link remoteFamily}. */
  readonly localFamily: 'IPv4' | 'IPv6';
  /** As {@link remoteFamily}. */
  readonly localAddress: string;
  /** As {@link remoteFamily}. */
  readonly localPort: number;

  /** Whether the peer's certificate was verified. `false` on plain sockets and before the handshake is over. */
  readonly authorized: boolean;

  /** The protocol chosen by ALPN; `false` if there is none, also on plain sockets. Never null in practice, as Bun. */
  readonly alpnProtocol: string | false | null;

  /** Does nothing: renegotiation is not supported. */
  disableRenegotiation(): void;

  /**
   * Bytes derived from the TLS session (RFC 5705), equal at both ends. `undefined` on plain and closed sockets.
   *
   * @param length number of bytes, at most 255 times the length of the cipher suite's hash with TLS 1.3 (RFC 5869, 2.3)
   * @throws Error for wrong arguments, for more bytes than that, and before the handshake is over
   */
  exportKeyingMaterial(length: number, label: string, context: Buffer): Buffer;
  exportKeyingMaterial(length: number, label: string, context?: string | BufferSource): void;

  /**
   * Why the peer's certificate was not verified, or why the handshake failed; null if it was, and on plain sockets. Keeps its value after
   * `close`.
   */
  getAuthorizationError(): Error | null;

  /** The own certificate. `undefined` if there is none, and on plain and closed sockets. */
  getCertificate(): PeerCertificate | object | null;
  /** The own certificate as an object of node:crypto. The method does not exist on plain sockets, as Bun. */
  getX509Certificate(): X509Certificate | undefined;

  /** The cipher suite, with null members before the handshake. Really `undefined` on plain and closed sockets. */
  getCipher(): CipherNameAndProtocol;

  /** The key exchange, on clients; `{}` for X25519MLKEM768, which TLS 1.3 prefers, null on servers and closed sockets. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | object | null;

  /**
   * The peer's certificate. `undefined` if it sent none; null on plain sockets.
   *
   * @param abbreviated `false` gives each certificate the next one of the chain as `issuerCertificate`. Default `true`. Not in Bun's types,
   *   but in Bun
   * @throws Error if not a boolean, on plain sockets never
   */
  getPeerCertificate(abbreviated?: boolean): PeerCertificate;
  /** The peer's certificate as an object of node:crypto. The method does not exist on plain sockets, as Bun. */
  getPeerX509Certificate(): X509Certificate;

  /** Always `[]`, as Bun; `undefined` on plain sockets, null when closed. */
  getSharedSigalgs(): string[];

  /** The Finished message sent. Under TLS 1.3 too (7). `undefined` before the handshake, on plain and on closed sockets. */
  getTLSFinishedMessage(): Buffer | undefined;
  /** The Finished message received. As {@link getTLSFinishedMessage}. */
  getTLSPeerFinishedMessage(): Buffer | undefined;

  /** On clients the session ticket once one has come. `undefined` otherwise. */
  getTLSTicket(): Buffer | undefined;

  /** `'TLSv1.2'` or `'TLSv1.3'`; null on plain and closed sockets. */
  getTLSVersion(): string;

  /** Whether the TLS session continues an earlier one. */
  isSessionReused(): boolean;

  /**
   * Limits the plain text in one TLS record.
   *
   * @param size 512 to 16384
   * @returns `false` if out of that range, and on plain and closed sockets
   * @throws Error if not a number, on plain sockets never
   */
  setMaxSendFragment(size: number): boolean;

  /**
   * TCP_NODELAY, which is on from the start.
   *
   * @param noDelay default `true`
   * @returns `true`; `false` on a closed socket
   */
  setNoDelay(noDelay?: boolean): boolean;

  /**
   * SO_KEEPALIVE.
   *
   * @param enable default `false`
   * @param initialDelay milliseconds of silence before the first probe, of which whole seconds count; less than 1000 leaves the delay as it
   *   is. Default 0
   * @returns `true`; `false` on closed sockets, for a delay on unix sockets, and for one that the system refuses, on Linux from 32768000
   *   on: then it is on, with the delay as it was
   * @throws TypeError for a delay that is no integer, RangeError for one below 0 or above 2147483647
   */
  setKeepAlive(enable?: boolean, initialDelay?: number): boolean;

  /** Bytes the kernel has taken so far, or that {@link end} keeps for it; of TLS sockets plain text. Keeps its value after `close`. */
  readonly bytesWritten: number;

  /** {@link end} by another name, arguments included. */
  [Symbol.dispose](): void;

  /** Delivers events again after {@link pause}. */
  resume(): void;

  /**
   * No `data`, `end` or orderly `close` until {@link resume}; a reset still comes. Writing works. Not counted. A TLS handshake under way
   * waits, too, but what was read together with its end, and a `close_notify` behind data, is told all the same (Bun); `upgradeTLS` ends the
   * pause of a plain socket.
   */
  pause(): void;

  /** Throws on TLS sockets, as Bun. */
  renegotiate(): void;

  /**
   * In the `open` handler of a TLS socket with a `handshake` handler: whether a server asks for a certificate, and whether to insist on a
   * valid one. On a client the second one only, which can change until the handshake is over, as on Bun.
   *
   * @throws Error for arguments that are no booleans
   */
  setVerifyMode(requestCert: boolean, rejectUnauthorized: boolean): void;

  /** Really a Buffer for {@link setSession}, or `undefined` before the handshake and on plain and closed sockets. */
  getSession(): void | Buffer;

  /** In the `open` handler of a client with a `handshake` handler: a session to continue. Anything else is ignored. */
  setSession(session: string | Buffer | BufferSource): void;

  /**
   * Turns the connection into a TLS connection, as client or server after the side it is. This object is then detached; of the pair the
   * first still gives encrypted bytes to the old handlers, the second has the new ones.
   *
   * @throws TypeError, Error for wrong options, on closed sockets, and on TLS sockets (10)
   */
  upgradeTLS<Data>(options: TLSUpgradeOptions<Data>): [raw: Socket<Data>, tls: Socket<Data>];

  /** Closes both directions with a FIN. `close` is called inside. What `write` accepted is still delivered. */
  close(): void;

  /** The name sent by SNI. `undefined` if there is none, and on plain and closed sockets. */
  getServername(): string;

  /**
   * In the `open` handler of a TLS client with a `handshake` handler: the name to send and to verify. Later, until the handshake is over:
   * the name to verify, as on Bun.
   *
   * @throws Error once the handshake is over, and on servers
   */
  setServername(name: string): void;

  /** The descriptor; -1 when closed. Not in Bun's types, hence optional. */
  readonly fd?: number;

  /**
   * IP_TOS or IPV6_TCLASS. Not in Bun's types, hence optional.
   *
   * @param tos 0 to 255
   * @returns 0, or a negative errno (unix sockets EINVAL, closed ones EBADF; -22 and -9 but on Windows)
   * @throws RangeError, TypeError
   */
  setTypeOfService?(tos: number): number;
  /** The value, or a negative errno. Not in Bun's types, hence optional. */
  getTypeOfService?(): number;
}

/** The same class of object; Bun has two names for it. */
export interface TCPSocket extends Socket {}
/** The same class of object; Bun has two names for it. */
export interface TLSSocket extends Socket {}

/** The options of {@link Socket.upgradeTLS}. */
export interface TLSUpgradeOptions<Data> {
  /** Of the TLS socket; the raw one keeps the old `data`. Default `undefined`. */
  data?: Data;
  /** `true` or an object. On a socket that was accepted it needs `key` and `cert`. */
  tls: TLSOptions | boolean;
  /** The handlers of the TLS socket. */
  socket: SocketHandler<Data>;
  /** Whether to be the server. Default: whether the socket was accepted. Not in Bun's types, but in Bun. */
  isServer?: boolean;
  /** What the client's handshake begins with, if it was read before the upgrade; copied at once. Not in Bun's types, but in Bun. */
  initialData?: NodeJS.ArrayBufferView | ArrayBuffer;
}

/** What {@link listen} returns. Goes on when the program drops every reference to it. */
export interface SocketListener<Data = undefined> extends Disposable {
  /**
   * Accepts no more; a path is unlinked. May be repeated.
   *
   * @param closeActiveConnections `true` closes the accepted sockets too, their `close` handlers run inside the call. Default `false`.
   */
  stop(closeActiveConnections?: boolean): void;
  /** Keeps the process alive until `stop`; that is the default. Not counted. */
  ref(): void;
  /** Lets the process end although the listener is open. Its sockets count for themselves. */
  unref(): void;
  /**
   * Replaces all handlers, for connections open now and later; those not given become absent. Does nothing after `stop` (10).
   *
   * @throws Error, TypeError for wrong handlers; the old ones then stay
   */
  reload(options: Pick<SocketOptions<Data>, 'socket'>): void;
  /** What sockets accepted from now on start with. */
  data: Data;
  /** The descriptor; -1 after `stop`. Not in Bun's types, hence optional. */
  readonly fd?: number;
  /** Fills address, family and port into the object, for TCP. Not in Bun's types, hence optional. */
  getsockname?(into: object): void;
}

/** A listener on a TCP port. */
export interface TCPSocketListener<Data = unknown> extends SocketListener<Data> {
  /** The port it is bound to. */
  readonly port: number;
  /** As given. */
  readonly hostname: string;
}

/** A listener on a unix path or an abstract name. */
export interface UnixSocketListener<Data> extends SocketListener<Data> {
  /** The path without its prefix; an abstract name begins with NUL. */
  readonly unix: string;
}

/**
 * The handlers of a connection. `data` or `drain` must be there. `this` is the socket.
 *
 * An error that a handler throws goes to `error`; without one it is an uncaught exception (9). A promise that a handler returns is not
 * waited for; its rejection is an unhandled rejection.
 */
export interface SocketHandler<Data = unknown, DataBinaryType extends BinaryType = 'buffer'> {
  // `open`, `handshake` and `connectError` may also return an Error, which counts as thrown. Bun's types have no room for it: throw or cast.

  /**
   * The connection is made. If it throws or returns an Error, the connection is closed. On TLS sockets: with a `handshake` handler before
   * the handshake starts; without one when it is over, also if it failed (look at `socket.authorized`).
   */
  open?(socket: Socket<Data>): void | Promise<void>;
  /**
   * Exactly once, last: nothing is called after it but `error`, if it throws. `error` is given if the connection broke: code ECONNRESET,
   * EPIPE ..., a negative errno, syscall `'read'`.
   */
  close?(socket: Socket<Data>, error?: Error): void | Promise<void>;
  /** A handler threw, or an established TLS session failed. */
  error?(socket: Socket<Data>, error: Error): void | Promise<void>;
  /** At most 524288 bytes, in memory of their own, exactly as long. */
  data?(socket: Socket<Data>, data: BinaryTypeList[DataBinaryType]): void | Promise<void>;
  /** Once after a `write` that was short, when there is room again. On TLS sockets also when the handshake is over. */
  drain?(socket: Socket<Data>): void | Promise<void>;
  /**
   * The TLS handshake is over. Never called on plain sockets.
   *
   * @param success `false` if the handshake failed, and on a client that refuses the server's certificate. A server that refuses a
   * client's certificate says `true` here, as Bun: only `socket.authorized`, or no `authorizationError`, means that the peer is trusted.
   * @param authorizationError why the certificate was not verified, or what failed; null otherwise (5)
   */
  handshake?(socket: Socket<Data>, success: boolean, authorizationError: Error | null): void;
  /**
   * The peer's FIN. Without `allowHalfOpen` the socket closes right after; a write in this handler is still sent. A socket without this handler
   * closes in any case.
   */
  end?(socket: Socket<Data>): void | Promise<void>;
  /**
   * The attempt to connect failed; inside `connect` if that is known at once, as of a path that is not there. The promise of `connect`
   * rejects afterwards, and counts as handled. An Error thrown or returned here replaces the one it rejects with, and is an unhandled
   * rejection unless somebody looks at the promise. No other handler is called.
   */
  connectError?(socket: Socket<Data>, error: Error): void | Promise<void>;
  /** See {@link Socket.timeout}. */
  timeout?(socket: Socket<Data>): void | Promise<void>;
  /** On a TLS client: a session that the server gives, for {@link Socket.setSession}. As those that follow, not in Bun's types, but in Bun. */
  session?(socket: Socket<Data>, session: Buffer): void;
  /** On a TLS socket: a line of the key log, around the end of the handshake. */
  keylog?(socket: Socket<Data>, line: Buffer): void;
  /**
   * On a TLS server, with `this` undefined: the client announces a name. Whatever is returned, or thrown, ends the handshake, but undefined
   * and null: a context of node:tls, which Bun takes here, is nothing that rustls could use (15).
   */
  serverName?(data: Data, name: string, socket: Socket<Data>): unknown;
  /** On a TLS server: the client's protocols, in wire format. Returns one of them, or `false` for none; all else ends the handshake. */
  alpnCallback?(socket: Socket<Data>, name: string | undefined, protocols: Buffer): string | false;
  /** What `data` is given. Default `'buffer'`. */
  binaryType?: BinaryType;
}

/** What all options of {@link connect} and {@link listen} have in common. */
export interface SocketOptions<Data = unknown> {
  /** Read once, at the call; methods and getters of a class instance work. */
  socket: SocketHandler<Data>;
  /** Default `undefined`. */
  data?: Data;
  /**
   * Stay open after the peer's FIN until `end` or `close`, if there is an `end` handler to notice it, and let `end` half-close (4). Default
   * `false`.
   */
  allowHalfOpen?: boolean;
  /** Sockets begin with a {@link Socket.pause}, TLS sockets after the handshake. Default `false`. Not in Bun's types, but in Bun. */
  pauseOnConnect?: boolean;
  /**
   * Not in Bun (13). In `connect`: ends the attempt, the promise rejects with the signal's reason. In `listen`: aborting is `stop(true)`.
   * Anything else but null throws a TypeError.
   */
  signal?: AbortSignal;
}

/** The options of {@link listen} for TCP. */
export interface TCPSocketListenOptions<Data = undefined> extends SocketOptions<Data> {
  /**
   * A name or address. A name is looked up at once, which may block; of its addresses the first one is bound that can be, IPv6 ones first,
   * so that `'localhost'` is what the machine's hosts file says. `'::'` takes IPv4 too unless `ipv6Only`.
   */
  hostname: string;
  /** Alias of `hostname`, which wins. Not in Bun's types, but in Bun. To give it alone, cast: `hostname` must be there in Bun's types. */
  host?: string;
  /** 0 to 65535; 0 lets the system choose. Converted with `Number()`: a string is taken, too, though Bun's types have no room for it. */
  port: number;
  /**
   * An object, `{}` included, or `true` means TLS (1); null, for which Bun's types have no room, is as good as `false`. Nor have they any
   * for an array of objects, one for each name (13): cast it.
   */
  tls?: TLSOptions | boolean;
  /** Nobody else may bind the port; wins over `reusePort`. Default `false`. */
  exclusive?: boolean;
  /** As in {@link SocketOptions.allowHalfOpen}. */
  allowHalfOpen?: boolean;
  /** SO_REUSEPORT: several listeners on the port, if all of them ask for it. Default `false`. Not in Bun's types, but in Bun. */
  reusePort?: boolean;
  /** `'::'` refuses IPv4. Default `false`. Not in Bun's types, but in Bun. */
  ipv6Only?: boolean;
}

/** The options of {@link connect} for TCP. */
export interface TCPSocketConnectOptions<Data = undefined> extends SocketOptions<Data> {
  /** A name or address, also in brackets or with a scope. Several addresses of a name are tried in turn (RFC 8305). */
  hostname: string;
  /** As {@link TCPSocketListenOptions.host}. */
  host?: string;
  /** 1 to 65535, or a string of it, as in {@link TCPSocketListenOptions.port}. */
  port: number;
  /** An object, `{}` included, or `true` means TLS (1); null is as good as `false`. */
  tls?: TLSOptions | boolean;
  /** Checked, without effect, as Bun. */
  exclusive?: boolean;
  /** Checked, without effect, as Bun. */
  reusePort?: boolean;
  /** Checked, without effect, as Bun. */
  ipv6Only?: boolean;
  /**
   * A literal address to connect from, IPv4 in any spelling of inet_aton; anything else is ignored. One that this machine does not have
   * rejects with EADDRNOTAVAIL. Not in Bun's types, but in Bun.
   */
  localAddress?: string;
  /**
   * The port to connect from, beside a `localAddress`: 1 to 65535, and 65535 for larger numbers; anything else means any port, the
   * default. That of a listener rejects with EADDRINUSE. Not in Bun's types, but in Bun.
   */
  localPort?: number;
  /**
   * A connected stream socket to take over; wins over `hostname` and `unix`, and belongs to the socket from then on, unless this fails. `open`
   * is called before `connect` returns, and `drain` follows. Bad ones reject with EBADF, ENOTSOCK or EINVAL, one that this process has in use
   * already with EEXIST (8), on Windows all with ENOTSUP. Not in Bun's types of `connect`, but in Bun.
   */
  fd?: number;
}

/** The options of {@link connect} and {@link listen} for a unix path or an abstract name. */
export interface UnixSocketOptions<Data = undefined> extends SocketOptions<Data> {
  /**
   * At most 107 bytes (103 on macOS). Prefixes `unix://`, `file://` and `sock://` are cut off; a leading NUL means an abstract name
   * (Linux). Wins over `hostname`. An existing file is never replaced. On Windows there are none: ENOTSUP.
   */
  unix: string;
  /** An object, `{}` included, or `true` means TLS (1). */
  tls?: TLSOptions | boolean;
}

/**
 * A descriptor instead of an address. `connect` and `listen` take it, as Bun's do, but the types of neither say so, or they could not be
 * exchanged: to pass it, cast it, or give `hostname` and `port` as well; `fd` wins.
 */
export interface FdSocketOptions<Data = undefined> extends SocketOptions<Data> {
  /** An object, `{}` included, or `true` means TLS (1). */
  tls?: TLSOptions | boolean;
  /**
   * For `connect` a connected stream socket: see {@link TCPSocketConnectOptions.fd}. For `listen` one that listens or is bound, such as a
   * service manager hands over; it belongs to the listener from then on, unless this fails, and its `port`, `hostname` and `unix` are
   * `undefined`. What cannot listen throws EINVAL, on Windows all, and one that this process has in use already EEXIST.
   */
  fd: number;
}

/**
 * What `Bun.file(path)` gives, in the shape of bun-types' BunFile so that the two can be exchanged. Only the path is used. The polyfill's
 * `Bun.file` has `name`, `size`, `lastModified`, `exists` and the reading methods, not those that write.
 */
export interface FileBlob extends Blob {
  /** Milliseconds since the epoch; 0 if there is no such file. */
  lastModified: number;
  /** The path as given. */
  readonly name?: string;
  /** Whether there is such a file now. */
  exists(): Promise<boolean>;
  /** Throws on the polyfill's: not part of what TLS options need. */
  slice(begin?: number, end?: number, contentType?: string): any;
  /** As above. */
  slice(begin?: number, contentType?: string): any;
  /** As above. */
  slice(contentType?: string): any;
  /** Bun's only. */
  writer(options?: { highWaterMark?: number }): any;
  /** Bun's only. */
  write(data: any, options?: { highWaterMark?: number }): Promise<number>;
  /** Bun's only. */
  unlink(): Promise<void>;
  /** Bun's only. */
  delete(): Promise<void>;
  /** Bun's only. */
  stat(): Promise<FileStats>;
}

/** PEM text or bytes, or a file of it. */
export type PemSource = string | BufferSource | FileBlob;

/** Wrong types throw TypeErrors and wrong content Errors, at once, from `listen`, `connect` and `upgradeTLS`. */
export interface TLSOptions {
  /** Of an encrypted `key`. Default: none. A wrong one throws. */
  passphrase?: string;
  /** A path. Checked to be readable and to hold parameters; the Diffie-Hellman suites they are for do not exist here. */
  dhParamsFile?: string;
  /**
   * On clients: the name to send (SNI, never for an address: 6) and to verify; `''` sends none. Default: the `hostname`. In an array of
   * entries on a listener (13): the name that the entry is for.
   */
  serverName?: string;
  /** Alias of `serverName`, which wins. */
  servername?: string;
  /** Taken, without effect. Default `false`. */
  lowMemoryMode?: boolean;
  /** Whether to refuse an untrusted peer. Default `true`; on clients `false` if the environment has NODE_TLS_REJECT_UNAUTHORIZED=0. */
  rejectUnauthorized?: boolean;
  /** On listeners: ask for a certificate, and with `rejectUnauthorized` insist on a valid one. Default `false`. */
  requestCert?: boolean;
  /**
   * Trusted instead of the built-in roots, PEM. Default: the roots that Node.js trusts, and those that NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and
   * SSL_CERT_DIR name. A `cert` of a single certificate is sent with its issuers out of `ca`, as Bun.
   */
  ca?: PemSource | PemSource[] | undefined;
  /** Revocation lists, PEM. With one, every certificate below the root needs one. Default: none. */
  crl?: PemSource | PemSource[] | undefined;
  /** The own certificate, followed by those in between, PEM. Of several, one for each kind of key. Default: none. */
  cert?: PemSource | PemSource[] | undefined;
  /** The key of `cert`, PEM. Elements of an array may also be `{ pem, passphrase }` (13), for which Bun's types have no room. */
  key?: PemSource | PemSource[] | undefined;
  /** A path: `key` from a file, in place of it. Not in Bun's types, but in Bun. */
  keyFile?: string;
  /** A path: `cert` from a file, in place of it. Not in Bun's types, but in Bun. */
  certFile?: string;
  /** A path: `ca` from a file, in place of it. Not in Bun's types, but in Bun. */
  caFile?: string;
  /** The oldest version to speak: 0x0303 (771) is TLS 1.2, the default, 0x0304 (772) is TLS 1.3. Not in Bun's types, but in Bun. */
  minVersion?: number;
  /** The newest version to speak. Default 0x0304. Not in Bun's types, but in Bun. */
  maxVersion?: number;
  /**
   * OpenSSL's SSL_OP_* bits, 0 to 4294967295. NO_TLSv1_2, NO_TLSv1_3, NO_TICKET and CIPHER_SERVER_PREFERENCE have an effect. Default 0.
   */
  secureOptions?: number | undefined;
  /**
   * Application protocols in wire format: each name preceded by its length in a byte. Also taken (13), though Bun's types have no room
   * for it: an array of names. The server's order counts. Default: none.
   */
  ALPNProtocols?: string | BufferSource;
  /** OpenSSL's names, separated by colons, of TLS 1.2 suites. Default: all. None that is left throws `Invalid ciphers` (15). */
  ciphers?: string;
  /**
   * The groups for key exchanges, in order of preference, with colons between them: `P-256`, `P-384`, `X25519`, `X25519MLKEM768`. Default:
   * all. An unknown one, and a list without any of these, throws (15). Not in Bun's types, but in Bun.
   */
  ecdhCurve?: string | null;
  /** Whether each certificate of `ca` is as good as a root. Default `false`. Not in Bun's types, but in Bun. */
  allowPartialTrustChain?: boolean;
  /** Checked to be a string, without effect (15). Not in Bun's types, but in Bun. */
  sigalgs?: string | null;
  /** Seconds, checked to be a 32 bit integer, without effect (15). Not in Bun's types, but in Bun. */
  sessionTimeout?: number;
  /** 0 to 4294967295. Without effect: renegotiation is not supported. */
  clientRenegotiationLimit?: number;
  /** 0 to 4294967295. Without effect: renegotiation is not supported. */
  clientRenegotiationWindow?: number;
}

/**
 * Connects over TCP.
 *
 * @returns a promise of the socket, resolved just before the `open` handler runs. It rejects with `Error: Failed to connect` and code,
 * negative errno and syscall `'connect'`, or with `getaddrinfo ENOTFOUND name`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` for wrong options, synchronously
 */
export function connect<Data = undefined>(options: TCPSocketConnectOptions<Data>): Promise<Socket<Data>>;
/** Connects over a unix socket. */
export function connect<Data = undefined>(options: UnixSocketOptions<Data>): Promise<Socket<Data>>;

/**
 * Listens on a TCP port.
 *
 * @throws Error `Failed to listen at HOST` with code, positive errno, syscall `'listen'`, address and port
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` for wrong options
 */
export function listen<Data = undefined>(options: TCPSocketListenOptions<Data>): TCPSocketListener<Data>;
/** Listens on a unix path or abstract name. */
export function listen<Data = undefined>(options: UnixSocketOptions<Data>): UnixSocketListener<Data>;

/** An end of a UDP socket. */
export interface SocketAddress {
  /** An IP address, never a name. */
  address: string;
  /** 1 to 65535. */
  port: number;
  /** Of the address. */
  family: 'IPv4' | 'IPv6';
}

export namespace udp {
  /** What can be sent; strings as UTF-8. */
  export type Data = string | BufferSource;

  /** What a `data` handler is told beside the datagram. */
  export interface ReceiveFlags {
    /** The datagram was longer than the receive buffer; `data` is its beginning. */
    truncated: boolean;
    /** The sender's address is IPv6 (on a dual-stack socket an IPv4 sender is `::ffff:a.b.c.d`). */
    ipv6: boolean;
  }

  /** The handlers of a UDP socket; all are optional. `this` is the socket. */
  export interface SocketHandler<DataBinaryType extends BinaryType> {
    /** One datagram, in memory of its own. */
    data?(
      socket: Socket<DataBinaryType>,
      data: BinaryTypeList[DataBinaryType],
      port: number,
      address: string,
      flags: ReceiveFlags,
    ): void | Promise<void>;
    /** There is room: once at first, and again after a `send` that gave `false`, or a `sendMany` that sent less than all. */
    drain?(socket: Socket<DataBinaryType>): void | Promise<void>;
    /**
     * An error that has come back (ECONNREFUSED and other ICMP errors, with syscall `'recv'`), or that a handler threw. Really
     * called with the error alone, `this` being the socket, as Bun. Without it, ICMP errors of a socket that is not connected
     * are ignored; everything else is an uncaught exception.
     */
    error?(socket: Socket<DataBinaryType>, error: Error): void | Promise<void>;
  }

  /** The same for sockets that know one peer only. */
  export interface ConnectedSocketHandler<DataBinaryType extends BinaryType> {
    /** One datagram of the peer, in memory of its own. */
    data?(
      socket: ConnectedSocket<DataBinaryType>,
      data: BinaryTypeList[DataBinaryType],
      port: number,
      address: string,
      flags: ReceiveFlags,
    ): void | Promise<void>;
    /** As in {@link SocketHandler}. */
    drain?(socket: ConnectedSocket<DataBinaryType>): void | Promise<void>;
    /** As in {@link SocketHandler}; ICMP errors are never ignored here. */
    error?(socket: ConnectedSocket<DataBinaryType>, error: Error): void | Promise<void>;
  }

  /** What both kinds of options have in common. */
  interface BaseOptions<DataBinaryType extends BinaryType> {
    /** A name or an address. It is looked up at once, which may block. Default `'0.0.0.0'`: IPv4 only; `'::'` takes both. */
    hostname?: string;
    /** 0 to 65535. Default 0: the system chooses. */
    port?: number;
    /**
     * What `data` gets. Looked at only beside `socket`. Default `'buffer'`. As on Bun, names of other typed arrays (`'int16array'` ...) are
     * taken as well, but its types have no room for them: cast.
     */
    binaryType?: DataBinaryType;
    /**
     * Bits, not in Bun's types: 4 is SO_REUSEPORT, 8 is IPV6_V6ONLY, 16 is SO_REUSEADDR; the others mean nothing. Default 0.
     * Throws a TypeError for what is no number, a RangeError for what is no 32-bit integer.
     */
    flags?: number;
    /**
     * A descriptor to take over instead of binding, of a UDP socket that somebody else has made: as systemd hands it over, for one. Not in
     * Bun's types. `hostname` and `port` are looked at and not used. It is closed with the socket; when `udpSocket` fails, it stays open. Throws a
     * TypeError for what is no number and for a negative one, a RangeError for what is no 32-bit integer, and `EBADF`, `ENOTSOCK`, `EINVAL` for
     * another kind of socket, or, on Linux, `EEXIST` for one that is in use here already. `ENOTSUP` on Windows.
     */
    fd?: number;
    /**
     * Not in Bun: several sockets share the port if all of them say so (SO_REUSEPORT; SO_REUSEADDR on Windows). Each datagram
     * goes to one of them, a multicast datagram to all. Default false.
     */
    reusePort?: boolean;
    /** Not in Bun: closes the socket when it is aborted. Aborted already, the promise rejects with its reason. */
    signal?: AbortSignal;
  }

  /** The options of {@link udpSocket} for a socket that sends to anybody. */
  export interface SocketOptions<DataBinaryType extends BinaryType> extends BaseOptions<DataBinaryType> {
    /** The handlers; all are optional. Without any, what comes is dropped. */
    socket?: SocketHandler<DataBinaryType>;
  }

  /** The options of {@link udpSocket} for a socket with one peer. */
  export interface ConnectSocketOptions<DataBinaryType extends BinaryType> extends BaseOptions<DataBinaryType> {
    /** The handlers; all are optional. Without any, what comes is dropped. */
    socket?: ConnectedSocketHandler<DataBinaryType>;
    /** Where datagrams go; those of others are not delivered. The port is 1 to 65535. */
    connect: { hostname: string; port: number };
  }

  /** What both kinds of UDP sockets have in common. Goes on when the program drops every reference to it. */
  export interface BaseUDPSocket {
    /** As given in the options. Keeps its value after `close`, as the others. */
    readonly hostname: string;
    /** The port it is bound to. */
    readonly port: number;
    /** The address and port it is bound to. */
    readonly address: SocketAddress;
    /** What `data` gets. */
    readonly binaryType: BinaryType;
    /** Whether it is closed. */
    readonly closed: boolean;
    /** The descriptor; -1 when closed. Not in Bun's types, hence optional. */
    readonly fd?: number;
    /** Keeps the process alive again. Not counted. */
    ref(): void;
    /** Lets the process end although the socket is open. */
    unref(): void;
    /** Closes at once: datagrams that were read and not delivered yet are dropped. May be repeated. */
    close(): void;
    /** {@link close} by another name. Not in Bun's types, hence optional: `using` needs a cast to Disposable. */
    [Symbol.dispose]?(): void;
    /** SO_BROADCAST. Returns its argument. Throws EBADF when closed, as do all that follow. */
    setBroadcast(enabled: boolean): boolean;
    /** IP_TTL, 1 to 255. Returns the value used. Throws EINVAL. */
    setTTL(ttl: number): number;
    /** IP_MULTICAST_TTL, 1 to 255. Returns the value used. Throws EINVAL. */
    setMulticastTTL(ttl: number): number;
    /** IP_MULTICAST_LOOP. Returns its argument. */
    setMulticastLoopback(enabled: boolean): boolean;
    /** IP_MULTICAST_IF. `false` for what is no address; throws EADDRNOTAVAIL for one that is no interface's. */
    setMulticastInterface(interfaceAddress: string): boolean;
    /** Joins a group. Throws EADDRINUSE, EINVAL, ENOPROTOOPT. */
    addMembership(multicastAddress: string, interfaceAddress?: string): boolean;
    /** Leaves a group. Throws EADDRNOTAVAIL. */
    dropMembership(multicastAddress: string, interfaceAddress?: string): boolean;
    /** Joins a group for one sender. */
    addSourceSpecificMembership(sourceAddress: string, groupAddress: string, interfaceAddress?: string): boolean;
    /** Leaves a group for one sender. */
    dropSourceSpecificMembership(sourceAddress: string, groupAddress: string, interfaceAddress?: string): boolean;
  }

  /** A UDP socket with one peer. */
  export interface ConnectedSocket<DataBinaryType extends BinaryType> extends BaseUDPSocket {
    /** Where datagrams go. */
    readonly remoteAddress: SocketAddress;
    /** As that of {@link Socket}, of data alone. */
    sendMany(packets: readonly Data[]): number;
    /** As that of {@link Socket}, of data alone; more arguments throw a TypeError. */
    send(data: Data): boolean;
    /** Takes `{ socket: handlers }`, as Bun; bare handlers, which Bun's types ask for, are ignored. Handlers not given stay. */
    reload(
      options:
        | ConnectedSocketHandler<DataBinaryType>
        | { socket?: ConnectedSocketHandler<DataBinaryType>; binaryType?: BinaryType },
    ): void;
  }

  /** A UDP socket that sends to anybody and hears everybody. */
  export interface Socket<DataBinaryType extends BinaryType> extends BaseUDPSocket {
    /**
     * Sends data, port, address, data, port, address ... in few system calls. Everything is checked before anything is sent.
     *
     * @returns the number of datagrams sent. If it is less than all, the next one was refused or found no room; `drain` follows
     * @throws TypeError for wrong arguments; the system's error if the first datagram is refused; Error when closed
     */
    sendMany(packets: readonly (Data | string | number)[]): number;
    /**
     * Sends a datagram of at most 65507 bytes (65527 over IPv6).
     *
     * @param port 1 to 65535
     * @param address an IPv4 address in any spelling of inet_aton, or an IPv6 address, with a scope or not; no names
     * @returns `false` if the kernel has no room; `drain` follows
     * @throws TypeError (ERR_INVALID_ARG_TYPE) for wrong arguments; the system's error, with syscall `'send'`, when it refuses
     *   (EMSGSIZE, EACCES, ENETUNREACH, or the ECONNREFUSED of an earlier datagram); Error when closed
     */
    send(data: Data, port: number, address: string): boolean;
    /** Takes `{ socket: handlers }`, as Bun; bare handlers, which Bun's types ask for, are ignored. Handlers not given stay. */
    reload(
      options: SocketHandler<DataBinaryType> | { socket?: SocketHandler<DataBinaryType>; binaryType?: BinaryType },
    ): void;
  }
}

/**
 * Opens a UDP socket.
 *
 * @returns a promise of the socket
 * @throws for wrong options and every failure to bind or look up, synchronously, as Bun
 */
export function udpSocket<DataBinaryType extends BinaryType = 'buffer'>(
  options: udp.SocketOptions<DataBinaryType>,
): Promise<udp.Socket<DataBinaryType>>;
export function udpSocket<DataBinaryType extends BinaryType = 'buffer'>(
  options: udp.ConnectSocketOptions<DataBinaryType>,
): Promise<udp.ConnectedSocket<DataBinaryType>>;

/**
 * Adds {@link connect}, {@link listen} and {@link udpSocket} to `globalThis.Bun`, which is made if absent; and of the rest what programs of
 * sockets are written with: `file` as TLS options need it, `ArrayBufferSink`, `sleep`, `env` and `argv`.
 * What is there already stays. Not in Bun, where it does nothing.
 *
 * @returns `globalThis.Bun`
 */
export function install(): object;

/**
 * A `binaryType` of our own, for TCP, TLS, unix and UDP sockets: `data` gets a Buffer that may share its `buffer` with other
 * Buffers of the program, as those of `Buffer.from` do, if it is shorter than half of `Buffer.poolSize`, which is 8 KiB on Node.js 20 and
 * 22, and 64 KiB from 24 on.
 *
 * It is as safe as any Buffer: nothing is used again as long as the program holds on to it. But `data.buffer` has other data as
 * well, `data.byteOffset` need not be 0, and `structuredClone(data)` copies all of it. For programs that use none of these,
 * messages of 65 bytes to that length cost less: V8 takes half a microsecond to make an ArrayBuffer.
 *
 * Typed as `'buffer'`, and on Bun it is `'buffer'`, which needs no such thing.
 */
export const pooledBuffer: 'buffer';

/** Counts since the package was loaded into this thread; see {@link stats}. */
export interface Stats {
  /** Connections that are open. */
  sockets: number;
  /** Listeners that are open. */
  listeners: number;
  /** UDP sockets that are open. */
  udpSockets: number;
  /** Bytes received over TCP, TLS and unix sockets; plain text where there is TLS. */
  bytesReceived: number;
  /** Bytes the kernel took over TCP, TLS and unix sockets, or that `end` keeps for it; plain text where there is TLS. */
  bytesSent: number;
  /** Datagrams that UDP sockets have received. */
  datagramsReceived: number;
  /** Datagrams that the kernel took from UDP sockets. */
  datagramsSent: number;
  /** Events that the native half handed over: connections, data, ends ... */
  events: number;
  /** Turns in which it did so: the quotient is how much a turn of the loop is used for. */
  batches: number;
  /** How often the loop was woken up: less often than batches under load. */
  wakeUps: number;
}

/** What the sockets of this thread come to. Not in Bun, where it gives `undefined`. */
export function stats(): Stats | undefined;
