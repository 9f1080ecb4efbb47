// TLS on both ends, on one of them node:tls, or the openssl command.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { connect, listen } from 'bun-sockets';
import { Observer } from './observe.mjs';

const folder = new URL('../../conformance/certificates/', import.meta.url);

/** The path of a file of the test certificates. */
export const pathOf = (name) => fileURLToPath(new URL(`${name}.pem`, folder));
export const pem = (name) => fs.readFileSync(pathOf(name), 'utf8');

/** A certificate with its key, as TLS options take them. */
export const identity = (name) => ({ key: pem(`${name}-key`), cert: pem(name) });
export const ca = pem('authority');

export const TLS12 = 0x0303;
export const TLS13 = 0x0304;

/** An Observer that has a `handshake` handler, unless told not to. */
export class SecureObserver extends Observer {
  constructor(own = {}, { withHandshake = true, ...options } = {}) {
    super(own, options);
    if (!withHandshake) return;
    const { drain } = this.handlers;
    const observer = this;
    this.handlers.handshake = function (socket, success, error) {
      observer.calls.push(['handshake', success, error]);
      try {
        return own.handshake?.call(this, socket, success, error);
      } finally {
        observer.look();
      }
    };
    this.handlers.drain = drain;
  }
}

/** A TLS listener on loopback, stopped with the test. */
export function serveSecure(t, tlsOptions = identity('server-ec'), own = {}, options = {}) {
  const { withHandshake, keepData, ...rest } = options;
  const observer = new SecureObserver(own, { withHandshake, keepData });
  const listener = listen({ hostname: '127.0.0.1', port: 0, tls: tlsOptions, ...rest, socket: observer.handlers });
  t.teardown(() => listener.stop(true));
  return { listener, observer, target: { hostname: '127.0.0.1', port: listener.port } };
}

/** A TLS client, closed with the test. */
export async function dialSecure(t, target, tlsOptions = { ca }, own = {}, options = {}) {
  const { withHandshake, keepData, ...rest } = options;
  const observer = new SecureObserver(own, { withHandshake, keepData });
  const socket = await connect({ ...target, tls: tlsOptions, ...rest, socket: observer.handlers });
  t.teardown(() => socket.close());
  return { socket, observer };
}

/** A listener and a client of ours, both through the handshake. */
export async function securePair(t, { server, client = { ca }, serverOwn, clientOwn, hostname, ...options } = {}) {
  const { listener, observer: farSide, target } = serveSecure(t, server, serverOwn, options);
  const where = hostname === undefined ? target : { ...target, hostname };
  const { socket: near, observer: nearSide } = await dialSecure(t, where, client, clientOwn, options);
  await Promise.all([farSide.seen('drain'), nearSide.seen('drain')]);
  return { listener, near, nearSide, far: farSide.socket, farSide, target };
}

/** A node:tls server on loopback whose connections are collected; closed with the test. */
export async function nodeServer(t, options = identity('server-ec')) {
  const server = tls.createServer(options);
  server.sockets = [];
  server.on('secureConnection', (socket) => {
    server.sockets.push(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of server.sockets) socket.destroy();
    server.close();
  });
  return { server, target: { hostname: '127.0.0.1', port: server.address().port } };
}

export async function nodeConnection(server) {
  if (server.sockets.length === 0) await once(server, 'secureConnection');
  return server.sockets.at(-1);
}

/** A node:tls client, through its handshake; destroyed with the test. */
export async function nodeClient(t, { port }, options = {}) {
  const socket = tls.connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...options });
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

export const hasOpenssl = (() => {
  try {
    return /OpenSSL [3-9]/.test(execFileSync('openssl', ['version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
})();

/** The openssl command with `args`; `output` grows with what it says. Killed with the test. */
export function openssl(t, args) {
  const child = spawn('openssl', args, { stdio: 'pipe' });
  t.teardown(() => child.kill('SIGKILL'));
  const command = { child, output: '', exited: once(child, 'exit') };
  const waiting = new Set();
  const add = (text) => {
    command.output += text;
    for (const check of [...waiting]) check();
  };
  child.stdout.setEncoding('utf8').on('data', add);
  child.stderr.setEncoding('utf8').on('data', add);
  child.stdin.on('error', () => {});
  command.says = (pattern) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const match = pattern.exec(command.output);
        if (!match) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(match);
      };
      const timer = setTimeout(() => reject(new Error(`openssl never said ${pattern}: ${command.output}`)), 10_000);
      waiting.add(check);
      check();
    });
  return command;
}
