// The bridges of bun-sockets/streams. The other end is node:net, node:http or one of ours.

import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import { connect, listen } from 'bun-sockets';
import {
  chunks,
  connectDuplex,
  duplexHandlers,
  listenDuplex,
  SocketAgent,
  toDuplex,
  toWeb,
  undiciConnector,
} from 'bun-sockets/streams';
import { notOnWindows } from './support/platform.mjs';
import { root } from './support/processes.mjs';
import { accepted, everything, rawServer } from './support/raw.mjs';

const certificate = (name) => fs.readFileSync(path.join(root, 'conformance', 'certificates', name), 'utf8');
const identity = { key: certificate('server-ec-key.pem'), cert: certificate('server-ec.pem') };
const ca = certificate('authority.pem');

function serve(t, onStream, options = {}) {
  const listener = listenDuplex({ hostname: '127.0.0.1', port: 0, ...options }, onStream);
  t.teardown(() => listener.stop(true));
  return { hostname: '127.0.0.1', port: listener.port };
}

async function dial(t, target, options = {}) {
  const stream = await connectDuplex({ ...target, ...options });
  t.teardown(() => stream.destroy());
  return stream;
}

/** Resolves when a stream is over, in whatever way. */
function over(stream) {
  return new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.once(event, () => resolve());
    if (stream.destroyed) resolve();
  });
}

const hash = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** Random bytes in chunks of random sizes. */
function source(total) {
  const sum = crypto.createHash('sha256');
  const stream = Readable.from(
    (function* () {
      for (let left = total; left > 0; ) {
        const chunk = crypto.randomBytes(Math.min(left, 1 + crypto.randomInt(200_000)));
        left -= chunk.length;
        sum.update(chunk);
        yield chunk;
      }
    })(),
  );
  return { stream, digest: () => sum.digest('hex') };
}

/** Takes bytes and is slow now and then. */
function sink() {
  const sum = crypto.createHash('sha256');
  let count = 0;
  const stream = new Writable({
    write(chunk, _encoding, done) {
      sum.update(chunk);
      count += chunk.length;
      if (crypto.randomInt(20) === 0) setTimeout(done, 1);
      else done();
    },
  });
  return { stream, count: () => count, digest: () => sum.digest('hex') };
}

const echo = (stream) => pipeline(stream, stream).catch(() => {});

for (const [title, server, client] of [
  ['plain', {}, {}],
  ['TLS', { tls: identity }, { tls: { ca, serverName: 'localhost' } }],
]) {
  test(`${title}: twenty megabytes there and back, byte by byte, through slow readers`, async (t) => {
    const stream = await dial(t, serve(t, echo, server), client);
    const from = source(20_000_000);
    const to = sink();
    await Promise.all([pipeline(from.stream, stream, { end: true }), pipeline(stream, to.stream)]);
    t.is(to.count(), 20_000_000);
    t.is(to.digest(), from.digest());
    t.is(stream.bytesRead, 20_000_000);
    t.is(stream.bytesWritten, 20_000_000);
    t.is(stream.encrypted, title === 'TLS');
  });

  test(`${title}: end() sends the end and goes on reading`, async (t) => {
    const target = serve(
      t,
      async (stream) => {
        const request = await everything(stream);
        stream.end(`answer to ${request}`);
      },
      server,
    );
    const stream = await dial(t, target, client);
    stream.end('question');
    t.is((await everything(stream)).toString(), 'answer to question');
    if (!stream.destroyed) await once(stream, 'close');
    t.is(stream.errored, null);
    t.is(stream.readyState, 'closed');
  });
}

test('a reader that stands still holds the sender back', async (t) => {
  let near;
  const target = serve(t, (stream) => {
    near = stream;
  });
  const far = await dial(t, target);
  const total = 64 * 1024 * 1024;
  const bytes = Buffer.alloc(1024 * 1024, 1);
  for (let i = 0; i < total / bytes.length; i++) far.write(bytes);
  // When nothing moves any more, what left is what the kernel's buffers hold and one chunk.
  let before = -1;
  while (before !== far.bytesWritten || before === 0) {
    before = far.bytesWritten;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.true(far.bytesWritten < total / 2, `${far.bytesWritten} bytes left`);
  t.true(far.writableNeedDrain);
  t.true(near.bytesRead <= 1024 * 1024, `${near.bytesRead} bytes in memory`);
  far.end();
  t.is((await everything(near)).length, total);
});

test('writes count as done when the kernel has all of it', async (t) => {
  const { server, target } = await rawServer(t);
  const stream = await dial(t, target);
  const peer = await accepted(server);
  peer.pause();
  let done = false;
  stream.write(Buffer.alloc(32 * 1024 * 1024), () => {
    done = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.false(done);
  let count = 0;
  peer.on('data', (data) => {
    count += data.length;
  });
  peer.resume();
  await once(stream, 'drain');
  t.true(done);
  stream.end();
  await once(peer, 'end');
  t.is(count, 32 * 1024 * 1024);
});

test('a reset is an error, ECONNRESET', async (t) => {
  const { server, target } = await rawServer(t);
  const stream = await dial(t, target);
  (await accepted(server)).resetAndDestroy();
  const [error] = await once(stream, 'error');
  t.is(error.code, 'ECONNRESET');
  t.true(stream.destroyed);
});

test('what was written and cannot be sent fails with EPIPE', async (t) => {
  const { server, target } = await rawServer(t);
  // Without allowHalfOpen the peer's end closes the socket, whatever waits.
  const stream = await dial(t, target, { allowHalfOpen: false });
  const peer = await accepted(server);
  peer.pause();
  stream.write(Buffer.alloc(64 * 1024 * 1024));
  peer.end();
  const [error] = await once(stream, 'error');
  t.is(error.code, 'EPIPE');
});

test('what came before an orderly close can still be read', async (t) => {
  const { server, target } = await rawServer(t);
  const stream = await dial(t, target, { allowHalfOpen: false });
  const peer = await accepted(server);
  peer.end('last words');
  await once(peer, 'close');
  t.is((await everything(stream)).toString(), 'last words');
});

test('destroy(error) closes the socket, and once', async (t) => {
  const { server, target } = await rawServer(t);
  const stream = await dial(t, target);
  const peer = await accepted(server);
  const events = [];
  for (const event of ['error', 'close', 'end', 'finish']) stream.on(event, () => events.push(event));
  const closed = new Promise((resolve) => stream.on('close', resolve));
  peer.resume();
  stream.destroy(new Error('enough'));
  await closed;
  await over(peer);
  t.deepEqual(events, ['error', 'close']);
});

test('setTimeout is about silence', async (t) => {
  const stream = await dial(
    t,
    serve(t, () => {}),
  );
  const started = performance.now();
  stream.setTimeout(150);
  const busy = setInterval(() => stream.write('.'), 30);
  await new Promise((resolve) => setTimeout(resolve, 400));
  clearInterval(busy);
  await once(stream, 'timeout');
  t.true(performance.now() - started > 500);
  t.false(stream.destroyed);
});

test('a listener’s sockets keep their own streams', async (t) => {
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        const stream = toDuplex(socket);
        stream.once('data', (data) => stream.end(`${data}!`));
      },
      data: () => t.fail('the stream has the data'),
    },
  });
  t.teardown(() => listener.stop(true));
  const answers = await Promise.all(
    ['a', 'b', 'c'].map(async (text) => {
      const stream = await dial(t, { hostname: '127.0.0.1', port: listener.port });
      stream.write(text);
      return (await everything(stream)).toString();
    }),
  );
  t.deepEqual(answers, ['a!', 'b!', 'c!']);
});

test('an error thrown by onStream destroys that stream alone', async (t) => {
  const seen = [];
  const listener = listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: duplexHandlers((stream) => {
      stream.on('error', (error) => seen.push(error.message));
      if (seen.length === 0) throw new Error('not you');
      stream.end('welcome');
    }),
  });
  t.teardown(() => listener.stop(true));
  const first = await dial(t, { hostname: '127.0.0.1', port: listener.port });
  t.is((await everything(first)).length, 0);
  const second = await dial(t, { hostname: '127.0.0.1', port: listener.port });
  t.is((await everything(second)).toString(), 'welcome');
  t.deepEqual(seen, ['not you']);
});

test('wrong things are refused', async (t) => {
  t.throws(() => toDuplex({}), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => toDuplex(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
  const { target } = await rawServer(t);
  const socket = await connect({ ...target, socket: { data() {} } });
  socket.close();
  t.throws(() => toDuplex(socket), { code: 'ERR_SOCKET_CLOSED' });
  await t.throwsAsync(connectDuplex({ hostname: '127.0.0.1', port: 1 }), { code: 'ECONNREFUSED' });
  await t.throwsAsync(connectDuplex({ hostname: '127.0.0.1' }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('TLS: a server that is not trusted rejects the promise, and no stream is seen at either end', async (t) => {
  const target = serve(t, (stream) => stream.on('error', () => {}), { tls: identity });
  await t.throwsAsync(connectDuplex({ ...target, tls: { serverName: 'localhost' } }), {
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
});

test('TLS: a client without the certificate that is asked for is never seen', async (t) => {
  const target = serve(t, () => t.fail('a refused client'), {
    tls: { ...identity, ca, requestCert: true, rejectUnauthorized: true },
  });
  const client = await connectDuplex({ ...target, tls: { ca, serverName: 'localhost' } }).catch((error) => error);
  if (!(client instanceof Error)) {
    client.on('error', () => {});
    await over(client.resume());
  }
  t.pass();
});

notOnWindows('unix sockets', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const unix = path.join(folder, 's');
  const listener = listenDuplex({ unix }, echo);
  t.teardown(() => listener.stop(true));
  const stream = await dial(t, { unix });
  stream.end('over a path');
  t.is((await everything(stream)).toString(), 'over a path');
  t.deepEqual(stream.address(), {});
});

test('web streams, with the end of each side', async (t) => {
  const stream = await dial(t, serve(t, echo));
  const { readable, writable } = toWeb(stream);
  const bytes = crypto.randomBytes(5_000_000);
  const writer = writable.getWriter();
  const writing = (async () => {
    for (let i = 0; i < bytes.length; i += 70_000) {
      await writer.ready;
      writer.write(bytes.subarray(i, i + 70_000));
    }
    await writer.close();
  })();
  const parts = [];
  for await (const chunk of readable) {
    t.true(chunk instanceof Uint8Array);
    parts.push(chunk);
  }
  await writing;
  t.is(hash(Buffer.concat(parts)), hash(bytes));
});

test('a web stream that is not read holds the sender back; cancelling it closes the socket', async (t) => {
  const { server, target } = await rawServer(t);
  const { readable } = toWeb(await connect({ ...target, allowHalfOpen: true, socket: { data() {} } }));
  const peer = await accepted(server);
  peer.write(Buffer.alloc(64 * 1024 * 1024));
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.true(peer.bytesWritten - peer.writableLength < 32 * 1024 * 1024);
  const ended = over(peer);
  await readable.cancel();
  await ended;
});

test('chunks: one at a time, with the end, and with what breaks it', async (t) => {
  const { server, target } = await rawServer(t);
  const socket = await connect({ ...target, socket: { data() {} } });
  const peer = await accepted(server);
  const bytes = crypto.randomBytes(3_000_000);
  peer.end(bytes);
  const parts = [];
  for await (const chunk of chunks(socket)) {
    parts.push(chunk);
    if (parts.length % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.is(hash(Buffer.concat(parts)), hash(bytes));

  server.sockets.length = 0;
  const second = await connect({ ...target, socket: { data() {} } });
  const other = await accepted(server);
  other.write('before');
  await t.throwsAsync(
    async () => {
      for await (const chunk of chunks(second)) {
        t.is(chunk.toString(), 'before');
        other.resetAndDestroy();
      }
    },
    { code: 'ECONNRESET' },
  );
});

test('chunks: leaving the loop closes the socket', async (t) => {
  const { server, target } = await rawServer(t);
  const socket = await connect({ ...target, socket: { data() {} } });
  const peer = await accepted(server);
  peer.write('more than enough');
  for await (const _ of chunks(socket)) break;
  t.is(socket.readyState, -1);
  await over(peer.resume());
});

const httpAnswer = (request, response) => {
  const sum = crypto.createHash('sha256');
  request.on('data', (data) => sum.update(data)).on('end', () => response.end(sum.digest('hex')));
};

for (const [title, make, options, agentOptions] of [
  ['http', http, {}, {}],
  ['https', https, identity, { tls: { ca } }],
]) {
  test(`${title}.request over SocketAgent, with connections that are used again`, async (t) => {
    const server = make.createServer(options, httpAnswer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    let connections = 0;
    server.on(title === 'http' ? 'connection' : 'secureConnection', () => connections++);
    const agent = new SocketAgent({ keepAlive: true, ...agentOptions });
    t.teardown(() => agent.destroy());
    const body = crypto.randomBytes(1_000_000);
    const post = () =>
      new Promise((resolve, reject) => {
        const { port } = server.address();
        const request = make.request(
          { host: '127.0.0.1', servername: 'localhost', port, agent, method: 'POST', headers: { host: 'localhost' } },
          (response) => everything(response).then((answer) => resolve(answer.toString()), reject),
        );
        request.on('error', reject).end(body);
      });
    const answers = [];
    for (let round = 0; round < 3; round++) {
      answers.push(...(await Promise.all([post(), post(), post()])));
      // The agent gets a connection back a tick after the response.
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.deepEqual([...new Set(answers)], [hash(body)]);
    t.is(connections, 3);
  });
}

test('http.request over SocketAgent: a refused connection is the request’s error, a timeout is told', async (t) => {
  const agent = new SocketAgent();
  t.teardown(() => agent.destroy());
  const refused = http.get({ host: '127.0.0.1', port: 1, agent });
  const [error] = await once(refused, 'error');
  t.is(error.code, 'ECONNREFUSED');
  const { target } = await rawServer(t);
  const silent = http.get({ host: '127.0.0.1', port: target.port, agent, timeout: 50 });
  silent.on('error', () => {});
  await once(silent, 'timeout');
  silent.destroy();
});

test('the connector for undici has undici’s shape', async (t) => {
  const { server, target } = await rawServer(t);
  const stream = await new Promise((resolve, reject) =>
    undiciConnector()(
      { protocol: 'http:', hostname: target.hostname, port: String(target.port), servername: null, localAddress: null },
      (error, socket) => (error ? reject(error) : resolve(socket)),
    ),
  );
  stream.end('GET');
  t.is((await everything(await accepted(server))).toString(), 'GET');
  stream.destroy();
  await t.throwsAsync(
    new Promise((_, reject) => undiciConnector()({ protocol: 'http:', hostname: '127.0.0.1', port: '1' }, reject)),
    { code: 'ECONNREFUSED' },
  );
});
