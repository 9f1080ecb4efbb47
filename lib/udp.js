'use strict';
// `udpSocket`, and the UDP socket that programs hold.

const { Buffer } = require('node:buffer');
const { TextEncoder, types } = require('node:util');
const { copyBytes, engine, lookSoon, native, record, scratch, targets } = require('./engine');
const { codeOf, invalidThis, invalidType, notFound, systemError } = require('./errors');
const { ARRAYBUFFER, BUFFER } = require('./handlers');
const { finish, takeMethods, wrongAccessor } = require('./members');
const {
  BAD_DESCRIPTOR,
  FAMILY_MISMATCH,
  INTERFACE_MISMATCH,
  INVALID,
  NOT_FOUND,
  NO_ADDRESS,
  UdpHandle,
} = require('./native');
const { bytesBehind } = require('./payload');
const { copy } = require('./received');
const { destination, mayBeName, sender } = require('./udp-address');
const { VIEW, binaryTypeName, portNumber, readUdpOptions, viewOf } = require('./udp-options');

/** @typedef {import('./udp-options').UdpHandler} UdpHandler */

/** Data up to this length is copied into the scratch memory: cheaper than asking Node-API where an array's bytes are. */
const SMALL = 2048;
/** A string of this length surely fits the scratch memory, at three bytes of UTF-8 for a UTF-16 unit at most. */
const SHORT_STRING = Math.floor(scratch.length / 3);
/** More than any datagram can have. Of longer data this much is enough for the kernel to refuse it. */
const TOO_LONG = 65_536;
/** In front of each packet of a batch: an address in seven numbers, and the length of the data. */
const HEADER = 8;

// Where an error was found; `src/binding/hot.rs` has the same list.
const QUEUED = 1;
const SENDING = 2;

const TAG = 'UDPSocket';
/** What the methods that need an open socket say. */
const CLOSED = 'Socket is closed';

const encoder = new TextEncoder();
/** The scratch memory as the numbers of packet headers. */
const headers = new Int32Array(scratch.buffer, scratch.byteOffset, scratch.length / Int32Array.BYTES_PER_ELEMENT);
/** The scratch memory once more: for short strings at an offset, a Buffer writes faster than a TextEncoder. */
const memory = Buffer.from(scratch.buffer, scratch.byteOffset, scratch.length);
const handle = takeMethods(UdpHandle);
/** The length of bytes, whatever a property of the program's says: memory behind them must not be sent. */
const byteLength = /** @type {(bytes: Uint8Array) => number} */ (
  Function.prototype.call.bind(
    /** @type {() => number} */ (
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength')?.get
    ),
  )
);

/** Whether replies that wait for others will be sent when the process, or the worker, ends. */
let leaving = false;

/**
 * One end of a socket, as programs see it.
 * @typedef {{ address: string, family: string, port: number }} SocketAddress
 */

/** What is behind a UDP socket. */
class Mailbox {
  /** Its place in the native half, -1 once closed. */
  slot = -1;
  /** The object that programs hold. @type {any} */
  socket = undefined;
  connected = false;
  /** @type {UdpHandler | undefined} */ data = undefined;
  /** @type {UdpHandler | undefined} */ drain = undefined;
  /** @type {UdpHandler | undefined} */ error = undefined;
  /** @type {number} */ binaryType = BUFFER;
  hostname = '';
  // Port and addresses stay readable after `close`. Programs can write to `address`; that leaves `port` as it is.
  /** @type {number | undefined} */ port = undefined;
  /** @type {SocketAddress | undefined} */ local = undefined;
  /** @type {SocketAddress | undefined} */ remote = undefined;
  /** Forgets the AbortSignal. @type {(() => void) | undefined} */
  unwatch = undefined;

  /** Whether it keeps the process alive while it is open. */
  #referenced = true;

  /** @param {boolean} on whether it keeps the process alive from now on */
  reference(on) {
    if (this.slot === -1) return;
    handle.reference(this.socket, on);
    this.#referenced = on;
  }

  /** @param {object} context */
  isKeptAliveWith(context) {
    return this.#referenced && [this.data, this.drain, this.error].some((handler) => handler?.context === context);
  }

  // Called by the dispatcher.

  /** @param {number} length */
  datagram(length) {
    const { data } = this;
    if (data === undefined) return;
    const flags = { truncated: record[3] === 1, ipv6: record[4] === 6 };
    const port = record[5];
    const address = sender();
    const { binaryType, socket } = this;
    const bytes =
      binaryType < VIEW
        ? copy(length, binaryType)
        : viewOf(/** @type {ArrayBuffer} */ (copy(length, ARRAYBUFFER)), binaryType);
    try {
      data.context.runInAsyncScope(data.run, socket, socket, bytes, port, address, flags);
    } catch (error) {
      this.fail(error);
    }
  }

  drained() {
    const { drain, socket } = this;
    if (drain === undefined) return;
    try {
      drain.context.runInAsyncScope(drain.run, socket, socket);
    } catch (error) {
      this.fail(error);
    }
  }

  /** An error has come back. @param {number} errno positive */
  failed(errno) {
    const found = record[3];
    // Differs from Bun (16): a reply that waited for others and was refused then. In Bun `send` would have thrown it.
    if (found === SENDING) {
      this.fail(systemError(errno, 'send'));
      return;
    }
    // Differs from Bun (12): a datagram to a dead port does not end a program that has neither connected the socket nor asked
    // for errors. On Linux the kernel is not even asked for them; elsewhere they may come all the same.
    if (this.error === undefined && !this.connected) return;
    const error = systemError(errno, 'recv');
    // As in Bun, not in its documentation: whether the error was in the socket's error queue, which only Linux has.
    if (found === QUEUED) Object.assign(error, { errqueue: true });
    this.fail(error);
  }

  /**
   * Hands an error to the `error` handler, as the only argument; without one, or when that throws too, it is an uncaught
   * exception.
   * @param {unknown} error
   */
  fail(error) {
    const handler = this.error;
    if (handler === undefined) {
      native.raise(error);
      return;
    }
    try {
      handler.context.runInAsyncScope(handler.run, this.socket, error);
    } catch (second) {
      native.raise(second);
    }
  }

  // Called by the socket's methods.

  /** Takes over the handlers that were given. @param {import('./udp-options').UdpOptions} options */
  use({ handlers, binaryType }) {
    Object.assign(this, handlers);
    // As in Bun, also where no handlers were given: back to buffers, unless the options say otherwise.
    this.binaryType = binaryType;
    if (this.slot !== -1) handle.reportErrors(this.socket, this.connected || this.error !== undefined);
  }

  close() {
    if (this.slot === -1) return;
    targets[this.slot] = undefined;
    this.slot = -1;
    handle.shut(this.socket);
    this.unwatch?.();
  }

  /** Closes the socket when `signal` says so. @param {AbortSignal} signal */
  watch(signal) {
    const abort = () => this.close();
    this.unwatch = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
  }
}

class UDPSocket extends UdpHandle {
  /** @type {Mailbox} */ #mailbox;

  /** @param {Mailbox} mailbox which has its slot */
  constructor(mailbox) {
    super(engine.id, mailbox.slot);
    this.#mailbox = mailbox;
  }

  /** @param {any} self @returns {Mailbox} */
  static #own(self) {
    if (typeof self !== 'object' || self === null || !(#mailbox in self)) throw invalidThis(TAG, self);
    return self.#mailbox;
  }

  /** @param {any} self @param {string} name @returns {Mailbox} */
  static #of(self, name) {
    if (typeof self !== 'object' || self === null || !(#mailbox in self)) throw wrongAccessor(TAG, name);
    return self.#mailbox;
  }

  /** For the methods that throw on a closed socket, before anything else is checked. @param {any} self */
  static #open(self) {
    if (UDPSocket.#own(self).slot === -1) throw systemError(BAD_DESCRIPTOR, 'setsockopt');
  }

  get address() {
    return UDPSocket.#of(this, 'address').local;
  }

  get binaryType() {
    return binaryTypeName(UDPSocket.#of(this, 'binaryType').binaryType);
  }

  get closed() {
    return UDPSocket.#of(this, 'closed').slot === -1;
  }

  get fd() {
    return UDPSocket.#of(this, 'fd').slot === -1 ? -1 : handle.descriptor(this);
  }

  get hostname() {
    return UDPSocket.#of(this, 'hostname').hostname;
  }

  get port() {
    return UDPSocket.#of(this, 'port').port;
  }

  get remoteAddress() {
    return UDPSocket.#of(this, 'remoteAddress').remote;
  }

  /** @this {any} */
  addMembership(/** @type {any} */ multicastAddress, /** @type {any} */ interfaceAddress) {
    UDPSocket.#open(this);
    return group(this, true, multicastAddress, interfaceAddress, arguments.length);
  }

  /** @this {any} */
  addSourceSpecificMembership(/** @type {any} */ source, /** @type {any} */ group, /** @type {any} */ at) {
    UDPSocket.#open(this);
    return sourceGroup(this, true, source, group, at, arguments.length);
  }

  close() {
    UDPSocket.#own(this).close();
  }

  /** @this {any} */
  dropMembership(/** @type {any} */ multicastAddress, /** @type {any} */ interfaceAddress) {
    UDPSocket.#open(this);
    return group(this, false, multicastAddress, interfaceAddress, arguments.length);
  }

  /** @this {any} */
  dropSourceSpecificMembership(/** @type {any} */ source, /** @type {any} */ group, /** @type {any} */ at) {
    UDPSocket.#open(this);
    return sourceGroup(this, false, source, group, at, arguments.length);
  }

  ref() {
    UDPSocket.#own(this).reference(true);
  }

  /** @this {any} */
  reload(/** @type {any} */ options) {
    const mailbox = UDPSocket.#own(this);
    if (arguments.length === 0) throw invalidType('Expected 1 argument');
    mailbox.use(readUdpOptions(options));
  }

  /** @this {any} */
  send(/** @type {any} */ data, /** @type {any} */ port, /** @type {any} */ address) {
    if (typeof this !== 'object' || this === null || !(#mailbox in this)) throw invalidThis(TAG, this);
    const mailbox = this.#mailbox;
    if (mailbox.slot === -1) throw new Error(CLOSED);
    let number = 0;
    /** @type {import('./udp-address').Numbers | undefined} */
    let to;
    if (mailbox.connected) {
      if (arguments.length !== 1) throw connectedArguments(arguments.length);
    } else {
      if (arguments.length < 3) throw invalidType(`Expected 3 arguments, got ${arguments.length}`);
      number = destinationPort(port);
      to = destination(address);
    }
    // The program's own conversions are over: from here on nobody else uses the memory shared with the native half.
    let short = -1;
    let long;
    if (typeof data === 'string' && data.length <= SHORT_STRING) {
      short = encoder.encodeInto(data, scratch).written;
    } else {
      const bytes = payload(data);
      if (bytes === undefined) throw invalidType('Expected ArrayBufferView or string as first argument');
      if (byteLength(bytes) <= SMALL || types.isSharedArrayBuffer(bytes.buffer)) short = place(bytes, 0);
      else long = bytes;
    }
    if (to === undefined) record[0] = 0;
    else put(record, 0, to, number);
    // Read again: a conversion may have closed the socket.
    const { slot } = mailbox;
    if (slot === -1) throw new Error(CLOSED);
    if (long === undefined) native.sendDatagram(slot, short);
    else native.sendDatagramBytes(slot, long);
    const sent = record[0];
    lookSoon();
    if (sent < 0) throw systemError(-sent, 'send');
    return sent === 1;
  }

  /** @this {any} */
  sendMany(/** @type {any} */ packets, /** @type {any} */ _port, /** @type {any} */ _address) {
    const mailbox = UDPSocket.#own(this);
    if (mailbox.slot === -1) throw new Error(CLOSED);
    if (arguments.length === 0) throw invalidType('Expected 1 argument, got 0');
    if (!Array.isArray(packets) || types.isProxy(packets)) {
      throw invalidType(`Expected first argument to be a array for 'sendMany'.`);
    }
    const each = mailbox.connected ? 1 : 3;
    if (packets.length % each !== 0) throw invalidType('Expected 3 arguments for each packet');
    const count = packets.length / each;
    // Everything is checked, and converted by the program's own code if need be, before anything is sent. What that code does
    // to bytes that were looked at before counts, too, as on Bun: they are taken when all of it has run.
    const all = new Array(count);
    const ports = new Array(count);
    const addresses = new Array(count);
    for (let i = 0; i < count; i++) {
      const data = packets[i * each];
      all[i] = types.isStringObject(data) ? `${data}` : data;
      if (!isPayload(all[i])) throw invalidType('Expected ArrayBufferView or string as payload');
      if (each === 1) continue;
      const port = packets[i * 3 + 1];
      const address = packets[i * 3 + 2];
      ports[i] = destinationPort(port);
      addresses[i] = destination(address);
    }
    const { slot } = mailbox;
    if (slot === -1) throw new Error(CLOSED);
    const sent = sendAll(slot, all, ports, addresses);
    lookSoon();
    return sent;
  }

  /** @this {any} */
  setBroadcast(/** @type {any} */ enabled) {
    UDPSocket.#open(this);
    return expectOne(arguments.length) && check(handle.broadcast(this, Boolean(enabled)), enabled);
  }

  /** @this {any} */
  setMulticastInterface(/** @type {any} */ interfaceAddress) {
    UDPSocket.#open(this);
    expectOne(arguments.length);
    const result = handle.multicastInterface(this, `${interfaceAddress}`);
    return result !== NO_ADDRESS && check(result, true);
  }

  /** @this {any} */
  setMulticastLoopback(/** @type {any} */ enabled) {
    UDPSocket.#open(this);
    return expectOne(arguments.length) && check(handle.multicastLoopback(this, Boolean(enabled)), enabled);
  }

  /** @this {any} */
  setMulticastTTL(/** @type {any} */ ttl) {
    UDPSocket.#open(this);
    expectOne(arguments.length);
    const hops = timeToLive(this, ttl);
    return check(handle.multicastTimeToLive(this, hops), hops);
  }

  /** @this {any} */
  setTTL(/** @type {any} */ ttl) {
    UDPSocket.#open(this);
    expectOne(arguments.length);
    const hops = timeToLive(this, ttl);
    return check(handle.timeToLive(this, hops), hops);
  }

  unref() {
    UDPSocket.#own(this).reference(false);
  }

  static {
    finish(
      TAG,
      UDPSocket,
      /** @this {any} */ function () {
        UDPSocket.#own(this).close();
      },
    );
  }
}

/**
 * @param {import('./udp-options').UdpOptions} options
 * @returns {number} a slot
 */
function bind({ hostname, port, reusePort, reuseAddress, ipv6Only }) {
  const slot = engine.openUdp({ hostname, port, reusePort, reuseAddress, ipv6Only });
  // Differs from Bun (8): there it is a failed `bind`, for a reason that was left over.
  if (slot === NOT_FOUND) throw notFound(hostname);
  if (slot < 0) throw bindFailed(-slot, hostname);
  return slot;
}

/**
 * @param {number} fd
 * @returns {number} a slot
 */
function adopt(fd) {
  const slot = engine.adoptUdp(fd);
  if (slot < 0) throw adoptFailed(-slot);
  return slot;
}

/**
 * `Bun.udpSocket`. No function that can be called with `new`, as on Bun.
 * @param {unknown} options
 * @returns {Promise<UDPSocket>} resolved already; rejected only by a `signal` that is aborted already
 * @throws {Error} as Bun does, at once, also for a name that does not resolve and for a failure to bind or connect
 */
const udpSocket = (options) => {
  const parsed = readUdpOptions(options);
  const { connect, hostname, signal } = parsed;
  if (signal?.aborted) return Promise.reject(signal.reason);
  const slot = parsed.fd === undefined ? bind(parsed) : adopt(parsed.fd);
  if (!leaving) {
    leaving = true;
    process.on('exit', () => engine.sendReplies());
  }
  const mailbox = new Mailbox();
  mailbox.slot = slot;
  mailbox.hostname = hostname;
  const socket = new UDPSocket(mailbox);
  mailbox.socket = socket;
  if (connect !== undefined) {
    const result = handle.connect(socket, connect.hostname, connect.port);
    if (result !== 0) {
      if (parsed.fd === undefined) handle.shut(socket);
      else handle.giveUp(socket);
      throw result === NOT_FOUND ? peerNotFound(connect.hostname) : systemError(-result, 'connect');
    }
    mailbox.connected = true;
    mailbox.remote = socketAddress(handle.remoteEndpoint(socket));
    handle.reportErrors(socket, true);
  }
  mailbox.local = socketAddress(handle.localEndpoint(socket));
  mailbox.port = mailbox.local?.port;
  mailbox.use(parsed);
  targets[slot] = /** @type {any} */ (mailbox);
  if (signal !== undefined) mailbox.watch(signal);
  return Promise.resolve(socket);
};

/** @param {{ address: string, port: number, family: string } | null} endpoint */
function socketAddress(endpoint) {
  return endpoint ? { address: endpoint.address, family: endpoint.family, port: endpoint.port } : undefined;
}

/**
 * Sends checked packets, as many at a time as the scratch memory holds. How many were sent.
 * @param {number} slot
 * @param {(string | ArrayBufferView | ArrayBufferLike)[]} all
 * @param {number[]} ports
 * @param {import('./udp-address').Numbers[]} addresses
 */
function sendAll(slot, all, ports, addresses) {
  let total = 0;
  let i = 0;
  while (i < all.length) {
    let count = 0;
    let used = 0;
    for (; i < all.length; i++, count++) {
      const packet = all[i];
      const data = typeof packet === 'string' ? packet : /** @type {Uint8Array} */ (bytesIn(packet));
      const start = used + HEADER * 4;
      const room = scratch.length - start;
      const atMost = Math.min(typeof data === 'string' ? data.length * 3 : byteLength(data), TOO_LONG);
      if (atMost > room) break;
      const length = typeof data === 'string' ? encode(data, start) : place(data, start);
      const header = used >> 2;
      if (addresses[i] === undefined) headers[header] = 0;
      else put(headers, header, addresses[i], ports[i]);
      headers[header + HEADER - 1] = length;
      used = start + ((length + 3) & ~3);
    }
    // Whether these continue others: then the first one's refusal ends the batch, and `drain` follows.
    record[0] = total > 0 ? 1 : 0;
    native.sendDatagrams(slot, count);
    const sent = record[0];
    if (sent < 0) {
      if (total === 0) throw systemError(-sent, 'send');
      return total;
    }
    total += sent;
    if (sent < count) return total;
  }
  return total;
}

/**
 * Writes an address for the native half.
 * @param {Int32Array} into
 * @param {number} at
 * @param {import('./udp-address').Numbers} numbers
 * @param {number} port
 */
function put(into, at, numbers, port) {
  into[at] = numbers[0];
  into[at + 1] = port;
  into[at + 2] = numbers[1];
  if (numbers[0] === 4) return;
  into[at + 3] = numbers[2];
  into[at + 4] = numbers[3];
  into[at + 5] = numbers[4];
  into[at + 6] = numbers[5];
}

/**
 * Encodes a string into the scratch memory. The length of its bytes, or `TOO_LONG` if they are more.
 * @param {string} text
 * @param {number} at
 */
function encode(text, at) {
  // UTF-8 has three bytes for a UTF-16 unit at most, so that this fits.
  if (text.length * 3 <= TOO_LONG) return memory.write(text, at);
  const { read, written } = encoder.encodeInto(text, scratch.subarray(at, at + TOO_LONG));
  return read < text.length ? TOO_LONG : written;
}

/**
 * Copies bytes into the scratch memory, as many as fit. How many.
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function place(bytes, at) {
  const length = byteLength(bytes);
  // Nothing, or what has been detached meanwhile, of which `set` takes not even nothing.
  if (length === 0) return 0;
  if (length > TOO_LONG) bytes = bytes.subarray(0, TOO_LONG);
  copyBytes(scratch, bytes, at);
  return Math.min(length, TOO_LONG);
}

/**
 * The bytes of anything but a primitive string; `undefined` for what can't be sent.
 * @param {unknown} data
 * @returns {Uint8Array | undefined}
 */
function payload(data) {
  if (typeof data === 'string' || types.isStringObject(data)) return encoder.encode(String(data));
  return bytesIn(data);
}

/**
 * @param {unknown} data
 * @returns {Uint8Array | undefined}
 */
function bytesIn(data) {
  return types.isUint8Array(data) ? data : bytesBehind(data);
}

/**
 * What `sendMany` takes of a packet, once a String object is a string.
 * @param {unknown} data
 */
function isPayload(data) {
  return typeof data === 'string' || ArrayBuffer.isView(data) || types.isAnyArrayBuffer(data);
}

/** @param {any} value */
function destinationPort(value) {
  if (typeof value === 'number' && value >= 1 && value <= 65535 && (value | 0) === value) return value;
  return portNumber(value, 1, 'port');
}

/** @param {number} count */
function connectedArguments(count) {
  if (count >= 3) return invalidType('Cannot specify destination on connected socket');
  return invalidType(`Expected 1 argument, got ${count}`);
}

/** @param {number} count */
function expectOne(count) {
  if (count === 0) throw invalidType('Expected 1 argument, got 0');
  return true;
}

/**
 * The result of a setter.
 * @template T
 * @param {number} result of the native half: 0 or a negative error number
 * @param {T} value
 */
function check(result, value) {
  if (result === FAMILY_MISMATCH) throw invalidType('Family mismatch between address and interface');
  // It was open when the method was called: an argument's own conversion has closed it.
  if (result === -BAD_DESCRIPTOR) throw new Error(CLOSED);
  if (result !== 0) throw systemError(-result, 'setsockopt');
  return value;
}

/**
 * @param {any} socket
 * @param {any} value converted as by `|`; of a BigInt, which Bun takes, too, the lowest 32 bits count, but what an object turns into must be
 *   a number
 */
function timeToLive(socket, value) {
  const hops = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : +value | 0;
  if (socket.closed) throw new Error(CLOSED);
  if (hops < 1 || hops > 255) throw systemError(INVALID, 'setsockopt');
  return hops;
}

/**
 * An address, checked before the next argument is converted, as in Bun.
 * @param {any} address
 */
function literal(address) {
  const text = `${address}`;
  const numbers = engine.parseAddress(text);
  if (numbers === null) throw systemError(INVALID, 'setsockopt');
  return { text, family: numbers[0] };
}

/**
 * @param {any} socket
 * @param {boolean} join
 * @param {any} address
 * @param {any} at
 * @param {number} count of arguments
 */
function group(socket, join, address, at, count) {
  expectOne(count);
  const { text } = literal(address);
  return check(handle.group(socket, join, text, at === undefined ? undefined : `${at}`), true);
}

/**
 * @param {any} socket
 * @param {boolean} join
 * @param {any} source
 * @param {any} address
 * @param {any} at
 * @param {number} count of arguments
 */
function sourceGroup(socket, join, source, address, at, count) {
  if (count < 2) throw invalidType(`Expected 2 arguments, got ${count}`);
  const from = literal(source);
  const to = literal(address);
  if (from.family !== to.family) throw invalidType('Family mismatch between source and group addresses');
  const result = handle.sourceGroup(socket, join, from.text, to.text, at === undefined ? undefined : `${at}`);
  if (result === INTERFACE_MISMATCH) throw invalidType('Family mismatch among source, group and interface addresses');
  return check(result, true);
}

/**
 * @param {number} errno positive, as Bun gives it here
 * @param {string} address the host name as given
 */
function bindFailed(errno, address) {
  const code = codeOf(errno);
  return Object.assign(new Error(`bind ${code} ${address}`), { code, syscall: 'bind', errno, address });
}

/** @param {number} errno positive, as Bun gives it here, but for a socket that is in use here already */
function adoptFailed(errno) {
  const code = codeOf(errno);
  if (code === 'EEXIST') return systemError(errno, 'open');
  return Object.assign(new Error(`open ${code}`), { code, syscall: 'open', errno });
}

/** @param {string} hostname */
function peerNotFound(hostname) {
  // As in Bun, a text that can't be a name gives another error than a name that doesn't exist.
  if (!mayBeName(hostname)) return notFound(hostname);
  return Object.assign(notFound(hostname), {
    name: 'DNSException',
    message: `connect ENOTFOUND ${hostname}`,
    syscall: 'connect',
  });
}

module.exports = { udpSocket };
