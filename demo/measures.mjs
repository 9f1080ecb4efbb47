import { connect, udpSocket } from 'bun-sockets';

export const MIB = 1024 * 1024;

/** Bytes that do not repeat within a mebibyte, so that a lost or doubled piece cannot go unnoticed. */
const pattern = Buffer.alloc(2 * MIB);
for (let i = 0, x = 1; i < MIB; i += 4) {
  x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  pattern.writeUInt32LE(x, i);
}
pattern.copy(pattern, MIB, 0, MIB);

/**
 * `clients` connections send `bytes` each through the echo server, as fast as it takes them, and compare every byte that comes back.
 */
export async function transfer(target, { clients, bytes, onProgress }) {
  const started = performance.now();
  let returned = 0;
  let reported = 0;
  const one = () =>
    new Promise((resolve, reject) => {
      let sent = 0;
      let checked = 0;
      let stalls = 0;
      const send = (socket) => {
        while (sent < bytes) {
          const offset = sent % MIB;
          const wanted = Math.min(MIB, bytes - sent);
          const taken = socket.write(pattern, offset, wanted);
          if (taken > 0) sent += taken;
          if (taken < wanted) {
            stalls++;
            return;
          }
        }
      };
      connect({
        ...target,
        socket: {
          open: send,
          drain: send,
          data(socket, chunk) {
            for (let at = 0; at < chunk.length; ) {
              const offset = checked % MIB;
              const length = Math.min(chunk.length - at, MIB);
              if (chunk.compare(pattern, offset, offset + length, at, at + length) !== 0) {
                reject(new Error(`wrong byte after ${checked}`));
                socket.terminate();
                return;
              }
              at += length;
              checked += length;
            }
            returned += chunk.length;
            if (returned - reported >= 4 * MIB) {
              reported = returned;
              onProgress(returned / (clients * bytes));
            }
            if (checked === bytes) socket.end();
          },
          close(_, error) {
            if (checked === bytes) resolve(stalls);
            else reject(error ?? new Error(`closed after ${checked} of ${bytes} bytes`));
          },
          error: (_, error) => reject(error),
        },
      }).catch(reject);
    });
  const stalls = await Promise.all(Array.from({ length: clients }, one));
  const seconds = (performance.now() - started) / 1000;
  return {
    bytes: clients * bytes,
    mibPerSecond: (clients * bytes) / MIB / seconds,
    stalls: stalls.reduce((a, b) => a + b, 0),
  };
}

/** `clients` connections, each with one message of 64 bytes on its way at any time, for `seconds`. */
export async function pingPong(target, { clients, seconds }) {
  const message = Buffer.alloc(64, 'ping pong ');
  let messages = 0;
  let running = true;
  const one = () =>
    new Promise((resolve, reject) => {
      let got = 0;
      connect({
        ...target,
        socket: {
          open: (socket) => void socket.write(message),
          data(socket, chunk) {
            got += chunk.length;
            if (got < message.length) return;
            got = 0;
            messages++;
            if (running) socket.write(message);
            else socket.end();
          },
          close: (_, error) => (error ? reject(error) : resolve()),
          error: (_, error) => reject(error),
        },
      }).catch(reject);
    });
  const started = performance.now();
  const timer = setTimeout(() => {
    running = false;
  }, seconds * 1000);
  await Promise.all(Array.from({ length: clients }, one));
  clearTimeout(timer);
  return messages / ((performance.now() - started) / 1000);
}

/** Datagrams of 64 bytes there and back, 32 on their way at any time, for `seconds`. A lost one is sent again by the next tick. */
export async function datagrams({ hostname, port }, { seconds }) {
  const message = Buffer.alloc(64, 'datagram ');
  let answers = 0;
  let running = true;
  const socket = await udpSocket({
    connect: { hostname, port },
    socket: {
      data(self) {
        answers++;
        if (running) self.send(message);
      },
    },
  });
  const refill = setInterval(() => socket.send(message), 50);
  const started = performance.now();
  for (let i = 0; i < 32; i++) socket.send(message);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  running = false;
  clearInterval(refill);
  socket.close();
  return answers / ((performance.now() - started) / 1000);
}

/** Every event of one connection that says hello, gets its echo, and ends. */
export function trace(target) {
  const started = performance.now();
  const events = [];
  const note = (text) => events.push([(performance.now() - started).toFixed(2), text]);
  return new Promise((resolve, reject) => {
    connect({
      ...target,
      socket: {
        open(socket) {
          note(`open   ${socket.localAddress}:${socket.localPort} -> ${socket.remoteAddress}:${socket.remotePort}`);
          note(`       write('hello') gives ${socket.write('hello')}`);
        },
        data(socket, chunk) {
          note(`data   ${chunk.length} bytes: ${chunk}`);
          socket.shutdown();
          note('       shutdown(): the server sees our end');
        },
        end: () => note('end    the server has nothing more to say'),
        close(_, error) {
          note(`close  ${error ?? 'in order'}`);
          resolve(events);
        },
        error: (_, error) => reject(error),
      },
    }).catch(reject);
    note('connect() returned a promise');
  });
}

/** The same over TLS: the words wait for the handshake. */
export function traceSecure(target) {
  const started = performance.now();
  const events = [];
  const note = (text) => events.push([(performance.now() - started).toFixed(2), text]);
  return new Promise((resolve, reject) => {
    connect({
      ...target,
      socket: {
        open(socket) {
          note(`open       write('hello') gives ${socket.write('hello')}: the handshake is not over`);
        },
        handshake(socket, success, error) {
          if (!success || error) reject(error ?? new Error('no handshake'));
          note(`handshake  ${socket.getTLSVersion()}, ${socket.getCipher().name}`);
          note(`           the peer is ${socket.getPeerCertificate().subject.CN}, authorized: ${socket.authorized}`);
          note(`           write('hello') gives ${socket.write('hello')}`);
        },
        data(socket, chunk) {
          note(`data       ${chunk.length} bytes: ${chunk}`);
          socket.end();
        },
        close(_, error) {
          note(`close      ${error ?? 'in order'}`);
          resolve(events);
        },
        error: (_, error) => reject(error),
      },
    }).catch(reject);
    note('connect() returned a promise');
  });
}
