import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import test from 'ava';
import { ca, identity, serveSecure } from './support/secure.mjs';
import { firstLine, outcome, program } from './support/processes.mjs';

/** A program with both ends of a TLS connection, whose client runs `body`. */
const both = (body, withHandshake = false) => `
  import { connect, listen } from 'bun-sockets';
  const listener = listen({ hostname: '127.0.0.1', port: 0, tls: ${JSON.stringify(identity('server-ec'))}, socket: { data() {} } });
  connect({ hostname: '127.0.0.1', port: listener.port, tls: { ca: ${JSON.stringify(ca)} }, socket: {
    data() {}, ${withHandshake ? 'handshake' : 'open'}(socket) { ${body} } } });
`;

test('the process ends when everything is closed, and not before', async (t) => {
  const { code, out } = await outcome(
    both('socket.end("x"); listener.stop(); process.on("exit", () => console.log("over"));'),
  );
  t.is(code, 0);
  t.is(out.trim(), 'over');
});

test('memory that only handshakes need is given back later, for which no process stays', async (t) => {
  const { code, out } = await outcome(`
    import { createRequire } from 'node:module';
    const { Engine } = createRequire(${JSON.stringify(import.meta.url)})('../lib/native.js');
    const { giveBack } = Engine.prototype;
    let delay = -1;
    Engine.prototype.giveBack = function () {
      delay = giveBack.call(this);
      return delay;
    };
    ${both(
      `const kept = process.getActiveResourcesInfo().includes('Timeout');
       console.log(delay, kept);
       const wait = setInterval(() => {
         if (delay !== 0) return;
         clearInterval(wait);
         console.log(delay);
         socket.end();
         listener.stop();
       }, 20);`,
      true,
    )}
  `);
  t.is(code, 0);
  t.deepEqual(out.trim().split('\n'), ['-1 false', '0']);
});

test('what close() still has to send is sent before the process ends', async (t) => {
  t.timeout(30_000);
  let bytes = 0;
  const { target, observer } = serveSecure(
    t,
    undefined,
    {
      open: (socket) => {
        socket.pause();
        setTimeout(() => socket.resume(), 300);
      },
      data: (_socket, data) => {
        bytes += data.length;
      },
    },
    { keepData: false },
  );
  const { code, out } = await outcome(`
    import { connect } from 'bun-sockets';
    connect({ hostname: '127.0.0.1', port: ${target.port}, tls: { ca: ${JSON.stringify(ca)} }, socket: { data() {}, open(socket) {
      const piece = Buffer.alloc(1 << 20);
      let sent = 0;
      for (let count = 1; count > 0; sent += count) count = socket.write(piece);
      socket.close();
      console.log(sent);
    } } });
  `);
  t.is(code, 0);
  await observer.seen('close');
  t.is(bytes, Number(out));
  t.true(bytes > 0);
});

test('exit, an uncaught exception and a worker that is terminated in a handshake', async (t) => {
  const exit = await outcome(both('process.exit(7)', true));
  t.is(exit.code, 7);
  const thrown = await outcome(both('throw new Error("on purpose")', true));
  t.is(thrown.code, 1);
  t.regex(thrown.err, /on purpose/);
  const worker = await outcome(`
    import { Worker } from 'node:worker_threads';
    const source = ${JSON.stringify(`import { parentPort } from 'node:worker_threads'; ${both('')}; parentPort.postMessage(0);`)};
    let left = 20;
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(source, { eval: true });
      worker.on('message', () => setTimeout(() => worker.terminate(), Math.random() * 10));
      worker.on('exit', () => { if (--left === 0) console.log('all gone'); });
    }
  `);
  t.is(worker.code, 0);
  t.is(worker.out.trim(), 'all gone');
});

for (const how of ['SSLKEYLOGFILE', '--tls-keylog']) {
  test(`${how} gets the secrets`, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-keylog-'));
    t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'keys');
    const options = how === 'SSLKEYLOGFILE' ? { env: { SSLKEYLOGFILE: file } } : { args: [`--tls-keylog=${file}`] };
    const { code } = await outcome(both('socket.end(); listener.stop();'), options);
    t.is(code, 0);
    const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
    for (const label of ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'SERVER_TRAFFIC_SECRET_0']) {
      // Both ends log the same.
      const found = lines.filter((line) => line.startsWith(`${label} `));
      t.is(found.length, 2);
      t.is(found[0], found[1]);
      t.regex(found[0], /^\w+ [0-9a-f]{64} [0-9a-f]{64}$/);
    }
    // Windows has no such modes.
    if (process.platform !== 'win32') t.is(fs.statSync(file).mode & 0o777, 0o600);
  });
}

test('the key log agrees with that of node:tls at the other end', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-keylog-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'keys');
  const { child } = program(
    `
    import { listen } from 'bun-sockets';
    const tls = ${JSON.stringify(identity('server-ec'))};
    const { port } = listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data(socket, data) { socket.write(data); } } });
    console.log(port);
  `,
    { env: { SSLKEYLOGFILE: file } },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const port = Number(await firstLine(child));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const lines = [];
    const client = tls.connect({ host: '127.0.0.1', port, ca, servername: 'localhost', maxVersion });
    client.on('keylog', (line) => lines.push(String(line).trim()));
    t.teardown(() => client.destroy());
    client.write('x');
    await once(client, 'data');
    const ours = fs.readFileSync(file, 'utf8').trim().split('\n');
    t.true(lines.length > 0);
    for (const line of lines) t.true(ours.includes(line), line);
  }
});

test('NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and SSL_CERT_DIR add to what is trusted', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'roots-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const file = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const authority = file('authority.pem', ca);
  const itself = file('itself.pem', identity('self-signed').cert);
  // As `openssl rehash` names them; what the hash is does not matter, since all of them are read.
  file('0123abcd.0', ca);
  file('README', 'no certificate');
  const results = async (env) => {
    const { out } = await outcome(
      `
      import { connect, listen } from 'bun-sockets';
      for (const tls of ${JSON.stringify([identity('server-ec'), identity('self-signed')])}) {
        const listener = listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data() {} } });
        await new Promise((resolve) => connect({ hostname: '127.0.0.1', port: listener.port, tls: true, socket: {
          data() {},
          handshake(socket, success, error) { console.log(success, error?.code ?? null); socket.end(); },
          close: resolve,
        } }));
        listener.stop(true);
      }`,
      { env },
    );
    return out.trim().split('\n');
  };
  const unknown = 'false UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const ownIssuer = 'false DEPTH_ZERO_SELF_SIGNED_CERT';
  const cases = [
    [{}, unknown, ownIssuer],
    [{ SSL_CERT_FILE: authority }, 'true null', ownIssuer],
    [{ SSL_CERT_DIR: `${path.join(folder, 'none')}${path.delimiter}${folder}` }, 'true null', ownIssuer],
    [{ NODE_EXTRA_CA_CERTS: itself }, unknown, 'true null'],
    [{ NODE_EXTRA_CA_CERTS: itself, SSL_CERT_FILE: authority }, 'true null', 'true null'],
    [{ SSL_CERT_FILE: path.join(folder, 'none'), SSL_CERT_DIR: '' }, unknown, ownIssuer],
  ];
  const none = { NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: '', SSL_CERT_DIR: '' };
  for (const [env, ...expected] of cases) {
    t.deepEqual(await results({ ...none, ...env }), expected, JSON.stringify(env));
  }
});
