// A little of everything, for tools that watch memory and make a program very slow: TCP, TLS, unix, UDP, an upgrade, errors, workers that
// end in the middle. Prints "ok" and what it did; whatever goes wrong is an exit status of 1.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { Worker } from 'node:worker_threads';
import { connect, listen, udpSocket } from 'bun-sockets';

const pem = (name) => fs.readFileSync(new URL(`../conformance/certificates/${name}.pem`, import.meta.url), 'utf8');
const SERVER = { cert: pem('server-ec'), key: pem('server-ec-key') };
const CLIENT = { ca: pem('authority'), serverName: 'localhost' };
const HOST = '127.0.0.1';
const BYTES = 200_000;
let bytes = 0;
let datagrams = 0;

/** Sends back what it gets. */
const rests = new WeakMap();
const flush = (socket) => {
  let rest = rests.get(socket) ?? Buffer.alloc(0);
  while (rest.length > 0) {
    const count = socket.write(rest);
    if (count <= 0) break;
    rest = rest.subarray(count);
  }
  rests.set(socket, rest);
};
const echo = {
  data(socket, data) {
    rests.set(socket, Buffer.concat([rests.get(socket) ?? Buffer.alloc(0), data]));
    flush(socket);
  },
  drain: flush,
};

/** What is sent comes back. */
async function exchange(target, tls) {
  const text = Buffer.alloc(BYTES, 'nobody writes where he must not, nobody reads what is not there; ');
  const closed = new Promise((resolve, reject) => {
    let sent = 0;
    let heard = 0;
    const send = (socket) => {
      while (sent < text.length) {
        const count = socket.write(text.subarray(sent, sent + 20_000));
        if (count <= 0) return;
        sent += count;
      }
    };
    connect({
      ...target,
      ...(tls ? { tls } : {}),
      socket: {
        open: send,
        drain: send,
        data(socket, data) {
          assert.ok(data.equals(text.subarray(heard, heard + data.length)));
          heard += data.length;
          bytes += data.length;
          if (heard === text.length) socket.end();
        },
        close: (_, error) => (error ? reject(error) : resolve()),
        error: (_, error) => reject(error),
      },
    }).catch(reject);
  });
  await closed;
}

async function tcpTlsUnix() {
  const plain = listen({ hostname: HOST, port: 0, socket: echo });
  const secure = listen({ hostname: HOST, port: 0, socket: echo, tls: SERVER });
  const unix = `\0bun-sockets-everything-${process.pid}`;
  const local = process.platform === 'linux' ? listen({ unix, socket: echo }) : undefined;
  await exchange({ hostname: HOST, port: plain.port });
  await exchange({ hostname: 'localhost', port: plain.port });
  await exchange({ hostname: HOST, port: secure.port }, CLIENT);
  if (local) await exchange({ unix });
  // Errors: nobody is there; the certificate is nobody's; garbage instead of a handshake.
  const { port } = plain;
  plain.stop(true);
  await assert.rejects(connect({ hostname: HOST, port, socket: { data() {} } }), { code: 'ECONNREFUSED' });
  await new Promise((resolve) => {
    const tls = { serverName: 'localhost' };
    connect({ hostname: HOST, port: secure.port, tls, socket: { data() {}, close: resolve } }).catch(resolve);
  });
  await new Promise((resolve, reject) => {
    const socket = { open: (s) => void s.write(Buffer.alloc(3000, 0x16)), data() {}, close: resolve };
    connect({ hostname: HOST, port: secure.port, socket }).catch(reject);
  });
  secure.stop(true);
  local?.stop(true);
}

async function upgrade() {
  const listener = listen({
    hostname: HOST,
    port: 0,
    socket: {
      data(socket) {
        socket.write('go on');
        socket.upgradeTLS({ tls: SERVER, socket: { data: (s, data) => void s.write(data), drain() {} } });
      },
      drain() {},
    },
  });
  await new Promise((resolve, reject) => {
    connect({
      hostname: HOST,
      port: listener.port,
      socket: {
        open: (socket) => void socket.write('upgrade'),
        data(socket) {
          const handlers = {
            handshake: (s) => void s.write('over TLS'),
            data(s, data) {
              assert.equal(`${data}`, 'over TLS');
              s.end();
            },
            close: resolve,
            error: (_, error) => reject(error),
          };
          socket.upgradeTLS({ tls: CLIENT, socket: handlers });
        },
      },
    }).catch(reject);
  });
  listener.stop(true);
}

async function udp() {
  const replies = { data: (s, data, port, address) => void s.send(data, port, address) };
  const far = await udpSocket({ hostname: HOST, socket: replies });
  let heard = 0;
  let more;
  const near = await udpSocket({
    hostname: HOST,
    socket: {
      data(_, data) {
        heard += data.length > 0 ? 1 : 0;
        datagrams++;
        more?.();
      },
      error() {},
    },
  });
  for (const size of [1, 100, 1400, 5000, 60_000]) {
    // No more at once than the receiver's buffer has room for.
    const count = size > 10_000 ? 1 : size > 2000 ? 5 : 20;
    const until = heard + 2 * count;
    const all = new Promise((resolve) => {
      more = () => {
        if (heard === until) resolve();
      };
    });
    for (let i = 0; i < count; i++) near.send(Buffer.alloc(size, i), far.port, HOST);
    near.sendMany(Array.from({ length: count }, (_, i) => [Buffer.alloc(size, i), far.port, HOST]).flat());
    await all;
  }
  assert.throws(() => near.send(Buffer.alloc(70_000), far.port, HOST), { code: 'EMSGSIZE' });
  far.close();
  near.close();
}

async function workers() {
  const text = `
    const { connect, listen, udpSocket } = require('bun-sockets');
    const { parentPort, workerData: { SERVER, CLIENT } } = require('node:worker_threads');
    const socket = { data: (s, d) => void s.write(d), drain() {} };
    const plain = listen({ hostname: '127.0.0.1', port: 0, socket });
    const secure = listen({ hostname: '127.0.0.1', port: 0, socket, tls: SERVER });
    for (let i = 0; i < 3; i++) {
      connect({ hostname: 'localhost', port: plain.port, socket: { ...socket, open: (s) => void s.write('x'.repeat(1000)) } }).catch(() => {});
      connect({ hostname: '127.0.0.1', port: secure.port, tls: CLIENT, socket: { ...socket, open: (s) => void s.write('x') } }).catch(() => {});
    }
    udpSocket({ hostname: '127.0.0.1', socket: { data: (s, d, port, address) => void s.send(d, port, address) } }).then((s) => s.send('x', s.port, '127.0.0.1'));
    parentPort.postMessage('begun');
  `;
  for (const wait of [0, 100, 500]) {
    const worker = new Worker(text, { eval: true, workerData: { SERVER, CLIENT } });
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, wait));
    await worker.terminate();
  }
}

await tcpTlsUnix();
await upgrade();
await udp();
await workers();
console.log(`ok: ${bytes} bytes, ${datagrams} datagrams, 3 workers`);
