// Peers that mean no good, on TLS sockets.

import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import test from 'ava';
import { bystander } from './support/bystander.mjs';
import { LIMIT_MS, serve } from './support/observe.mjs';
import { firstLine, program } from './support/processes.mjs';

const TORTURE = process.env.BUN_SOCKETS_TORTURE;
const pem = (name) => fs.readFileSync(new URL(`../conformance/certificates/${name}.pem`, import.meta.url), 'utf8');
const SERVER = { cert: pem('server-ec'), key: pem('server-ec-key') };
const CLIENT = { ca: pem('authority'), serverName: 'localhost' };
const HAND_SHAKES = { handlers: {}, options: { tls: CLIENT } };

/** A TLS echo server that notes what became of every connection. */
function echo(t, own = {}) {
  const counts = { closed: 0, failed: 0, bytes: 0, errors: [] };
  const served = serve(
    t,
    {
      data(socket, data) {
        counts.bytes += data.length;
        socket.write(data);
      },
      close(_, error) {
        counts.closed++;
        if (error) counts.errors.push(error.code ?? error.message);
      },
      error: (_, error) => counts.errors.push(error.code ?? error.message),
      ...own,
    },
    { keepData: false, tls: SERVER },
  );
  return { ...served, counts };
}

async function until(reached, what) {
  const from = Date.now();
  while (!reached()) {
    if (Date.now() - from > LIMIT_MS * 2) throw new Error(`never: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const raw = async ({ hostname, port }) => {
  const socket = net.connect(port, hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

/** Unlike `once`, an error is no reason to stop waiting. */
const closed = (socket) => new Promise((resolve) => socket.once('close', resolve));

/** What Node's client says first. */
async function clientHello(t) {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const client = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost' });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [hello] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  return hello;
}

/** Sends each text over a connection of its own, a few at a time, and waits until all of them are closed. */
async function assault(target, counts, texts, { end = true } = {}) {
  const before = counts.closed;
  let next = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      while (next < texts.length) {
        const text = texts[next++];
        const socket = await raw(target);
        const over = closed(socket);
        socket.resume();
        if (end) socket.end(text);
        else socket.write(text);
        await over;
      }
    }),
  );
  await until(
    () => counts.closed === before + texts.length,
    () => `${texts.length} connections, ${counts.closed - before} closed`,
  );
}

test.serial('a ClientHello that is cut off at every byte', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  const hello = await clientHello(t);
  await assault(
    target,
    counts,
    Array.from({ length: hello.length }, (_, i) => hello.subarray(0, i)),
  );
  t.is(counts.bytes > 0, true, 'the bystander was served');
  await good.finish();
});

test.serial('a ClientHello with a wrong byte at every position', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  const hello = await clientHello(t);
  const texts = Array.from({ length: hello.length }, (_, i) => {
    const wrong = Buffer.from(hello);
    wrong[i] ^= 0xff;
    return wrong;
  });
  await assault(target, counts, texts);
  await good.finish();
});

test.serial('garbage, wrong protocols, empty and giant records', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  const record = (kind, length, body = Buffer.alloc(length)) =>
    Buffer.concat([Buffer.from([kind, 3, 3, length >> 8, length & 255]), body]);
  let seed = 1;
  const noise = (length) =>
    Buffer.from(Array.from({ length }, () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16));
  const hello = await clientHello(t);
  await assault(target, counts, [
    Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
    Buffer.from('\0'.repeat(100_000)),
    ...Array.from({ length: 50 }, (_, n) => noise(1 + n * 37)),
    ...[20, 21, 22, 23, 24, 0, 255].flatMap((kind) => [
      record(kind, 0),
      record(kind, 1),
      record(kind, 16_384),
      record(kind, 0xffff),
    ]),
    Buffer.concat(Array.from({ length: 10_000 }, () => record(22, 0))),
    Buffer.concat(Array.from({ length: 10_000 }, () => record(20, 1, Buffer.from([1])))),
    Buffer.concat(Array.from({ length: 10_000 }, () => record(21, 2, Buffer.from([1, 100])))),
    // A handshake message that says it is 16 MiB long, and a hello in ten thousand pieces of nothing.
    Buffer.concat([
      record(22, 4, Buffer.from([1, 255, 255, 255])),
      ...Array.from({ length: 200 }, () => record(22, 16_000)),
    ]),
    Buffer.concat([hello, hello, hello]),
    Buffer.concat([hello, record(20, 1, Buffer.from([1])), record(23, 1000)]),
  ]);
  const { rss } = await good.finish();
  t.true(rss < 128, `RSS grew by ${rss} MiB`);
});

test.serial('slow handshakes: silent peers and one byte at a time', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  const hello = await clientHello(t);
  const silent = await Promise.all(Array.from({ length: 100 }, () => raw(target)));
  const slow = await Promise.all(Array.from({ length: 100 }, () => raw(target)));
  const most = Math.min(hello.length - 1, TORTURE ? 1000 : 40);
  for (let at = 0; at < most; at++) {
    for (const socket of slow) socket.write(hello.subarray(at, at + 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  t.is(counts.closed, 0);
  for (const socket of [...silent, ...slow]) socket.destroy();
  await until(
    () => counts.closed === 200,
    () => JSON.stringify(counts),
  );
  await good.finish();
});

test.serial('resets at every point of a handshake', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  const hello = await clientHello(t);
  let accepted = 0;
  for (let round = 0; round < (TORTURE ? 20 : 3); round++) {
    for (const part of [0, 1, 5, 100, hello.length - 1, hello.length]) {
      const socket = await raw(target);
      if (part > 0) await new Promise((resolve) => socket.write(hello.subarray(0, part), resolve));
      if (part === hello.length && round % 2 === 0) await once(socket, 'data');
      socket.resetAndDestroy();
      accepted++;
    }
  }
  // One that was reset before `accept` may never have been seen.
  await until(
    () => counts.closed >= accepted - accepted / 6 && counts.closed <= accepted,
    () => `${counts.closed} of ${accepted}`,
  );
  await good.finish();
});

/**
 * A client of Node's whose bytes after the handshake pass through `change`, which may also end the connection.
 * Resolves when the client is done.
 */
async function tampered(target, change) {
  let armed = false;
  const proxy = net.createServer((near) => {
    const far = net.connect(target.port, target.hostname);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('data', (data) => {
      if (!armed) far.write(data);
      else change(data, far);
    });
    far.on('data', (data) => near.write(data));
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const client = tls.connect({ port: proxy.address().port, host: '127.0.0.1', ca: CLIENT.ca, servername: 'localhost' });
  client.on('error', () => {});
  await once(client, 'secureConnect');
  // Once an answer has come, all of the handshake has passed.
  client.write('before');
  await once(client, 'data');
  armed = true;
  const over = closed(client);
  client.write('secret');
  await over;
  proxy.close();
}

test.serial('an application record with a wrong byte at every position: nothing of it is shown', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  // Header 5, text 6, type 1, tag 16.
  const LENGTH = 28;
  const shown = [];
  const { target: aim, counts: hit } = echo(t, {
    data(socket, data) {
      shown.push(data.toString());
      socket.write(data);
    },
  });
  for (let at = 0; at < LENGTH; at += TORTURE ? 1 : 3) {
    await tampered(aim, (data, far) => {
      t.is(data.length, LENGTH);
      data[at] ^= 1;
      // A length that grew waits for more, and gets it.
      far.end(Buffer.concat([data, Buffer.alloc(20_000)]));
    });
  }
  const attempts = shown.filter((text) => text === 'before').length;
  await until(
    () => hit.closed === attempts,
    () => `${hit.closed} of ${attempts}`,
  );
  // Type and version of the outer record say nothing under TLS 1.3 and are no part of what is authenticated: another legal value
  // there changes nothing, and what is shown is the text itself.
  const rest = shown.filter((text) => text !== 'before');
  t.true(rest.every((text) => text === 'secret') && rest.length <= 3, `${rest}`);
  t.true(hit.errors.length > 0, 'nobody was told of broken records');
  t.is(counts.closed, 0);
  await good.finish();
});

test.serial('an application record that is cut off at every byte: nothing of it is shown', async (t) => {
  const shown = [];
  const { target, counts } = echo(t, {
    data(socket, data) {
      shown.push(data.toString());
      socket.write(data);
    },
  });
  for (let at = 0; at < 28; at += TORTURE ? 1 : 3) {
    await tampered(target, (data, far) => far.end(data.subarray(0, at)));
  }
  await until(
    () => counts.closed === shown.length,
    () => `${counts.closed} of ${shown.length}`,
  );
  t.true(shown.every((text) => text === 'before'));
});

test.serial('a client that wants to renegotiate gets no further, and no one else notices', async (t) => {
  const { target, counts } = echo(t);
  const good = await bystander(t, target, HAND_SHAKES);
  const client = tls.connect({
    port: target.port,
    host: '127.0.0.1',
    ca: CLIENT.ca,
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
  });
  client.on('error', () => {});
  await once(client, 'secureConnect');
  const over = closed(client);
  client.renegotiate({}, () => {});
  client.write('x');
  const answered = new Promise((resolve) => client.once('data', resolve));
  await Promise.race([over, answered]);
  client.destroy();
  await until(
    () => counts.closed === 1,
    () => JSON.stringify(counts),
  );
  await good.finish();
});

test.serial('closing in the data before a broken record, with a lot still to be sent, does not hang', async (t) => {
  const { child, ended } = program(`
    import fs from 'node:fs';
    import { listen } from 'bun-sockets';
    const pem = (name) => fs.readFileSync('conformance/certificates/' + name + '.pem', 'utf8');
    const listener = listen({
      hostname: '127.0.0.1', port: 0, tls: { cert: pem('server-ec'), key: pem('server-ec-key') },
      socket: {
        data(socket, data) {
          if (data.toString() === 'before') return void socket.write(data);
          socket.end(Buffer.alloc(32 << 20));
          socket.close();
        },
        close() { console.log('closed'); listener.stop(); },
      },
    });
    console.log(listener.port);
  `);
  const port = Number(await firstLine(child));
  await tampered({ hostname: '127.0.0.1', port }, (data, far) => far.end(Buffer.concat([data, Buffer.alloc(100)])));
  const { out, code, late, err } = await ended;
  t.deepEqual({ out, code, late }, { out: `${port}\nclosed\n`, code: 0, late: false }, err);
});
