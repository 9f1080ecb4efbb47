// The end of everything at the worst moment: workers terminated with all kinds of work in flight, and processes that exit, or fail,
// inside every handler. Nothing crashes, nothing hangs, and no descriptor or thread is left.

import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { openDescriptors } from './support/descriptors.mjs';
import { firstLine, outcome, program } from './support/processes.mjs';

const TORTURE = Boolean(process.env.BUN_SOCKETS_TORTURE);
const WORKERS = TORTURE ? 2000 : 100;
const AT_ONCE = 8;

const PRELUDE = `
  const fs = require('node:fs');
  const net = require('node:net');
  const { connect, listen, udpSocket } = require('bun-sockets');
  const pem = (name) => fs.readFileSync('conformance/certificates/' + name + '.pem', 'utf8');
  const SERVER = { cert: pem('server-ec'), key: pem('server-ec-key') };
  const CLIENT = { ca: pem('authority'), serverName: 'localhost' };
`;

/** What is going on when a worker is ended. Each never rests. */
const WORK = {
  'open sockets': `
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.write(d), drain() {} } });
    for (let i = 0; i < 5; i++) connect({ hostname: '127.0.0.1', port: listener.port, socket: {
      open: (s) => void s.write('x'.repeat(1000 * i + 1)), data: (s, d) => void s.write(d), drain() {},
    } }).catch(() => {});`,
  'full buffers': `
    const chunk = Buffer.alloc(1 << 20);
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { open: (s) => s.pause(), data() {} } });
    const fill = (s) => { while (s.write(chunk) > 0); };
    for (let i = 0; i < 3; i++) connect({ hostname: '127.0.0.1', port: listener.port, socket: { open: fill, drain: fill } }).catch(() => {});`,
  'TLS connections and handshakes': `
    const listener = listen({ hostname: '127.0.0.1', port: 0, tls: SERVER, socket: { data: (s, d) => void s.write(d), drain() {} } });
    const again = () => connect({ hostname: '127.0.0.1', port: listener.port, tls: CLIENT, socket: {
      drain: (s) => void s.write('x'), data: (s) => { s.close(); again(); }, connectError() {},
    } }).catch(() => {});
    for (let i = 0; i < 5; i++) again();`,
  'handshakes that never end': `
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    const secure = listen({ hostname: '127.0.0.1', port: 0, tls: SERVER, socket: { data() {} } });
    for (let i = 0; i < 5; i++) {
      connect({ hostname: '127.0.0.1', port: listener.port, tls: CLIENT, socket: { data() {}, connectError() {} } }).catch(() => {});
      connect({ hostname: '127.0.0.1', port: secure.port, socket: { data() {} } }).catch(() => {});
    }`,
  lookups: `
    const again = () => connect({ hostname: 'localhost', port: 1, socket: { data() {}, connectError() {} } }).catch(again);
    for (let i = 0; i < 4; i++) again();
    for (let i = 0; i < 4; i++) connect({ hostname: 'no-such-host-' + i + '.invalid', port: 1, socket: { data() {} } }).catch(() => {});`,
  'connects that nobody answers': `
    const { deaf } = require('node:worker_threads').workerData;
    for (let i = 1; i < 9; i++) connect({ hostname: '127.0.0.1', port: deaf, socket: { data() {}, connectError() {} } }).catch(() => {});`,
  'unix sockets': `
    const unix = '\\0bun-sockets-teardown-' + process.pid + '-' + require('node:worker_threads').threadId;
    const listener = listen({ unix, socket: { data: (s, d) => void s.write(d), drain() {} } });
    for (let i = 0; i < 4; i++) connect({ unix, socket: { open: (s) => void s.write('x'), data: (s, d) => void s.write(d), drain() {} } }).catch(() => {});`,
  'UDP sockets': `
    (async () => {
      const one = await udpSocket({ hostname: '127.0.0.1', socket: { data: (s, d, port, address) => void s.send(d, port, address), drain() {} } });
      const two = await udpSocket({ hostname: '127.0.0.1', socket: { data: (s, d, port, address) => void s.send(d, port, address), drain() {} } });
      for (let i = 0; i < 20; i++) two.send('x', one.port, '127.0.0.1');
    })();`,
  upgrades: `
    const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data(s) {
      s.upgradeTLS({ tls: SERVER, socket: { data: (tls, d) => void tls.write(d), drain() {} } });
      s.write?.('go');
    }, drain() {} } });
    const again = () => connect({ hostname: '127.0.0.1', port: listener.port, socket: {
      open: (s) => void s.write('x'),
      data(s) { try { s.upgradeTLS({ tls: CLIENT, socket: { data() {}, drain: (tls) => void tls.write('y') } }); } catch {} },
      close: again, connectError() {},
    } }).catch(() => {});
    for (let i = 0; i < 3; i++) again();`,
  'the engine being loaded': '',
};

const names = Object.keys(WORK);

/** A port of loopback where nobody answers: its process is stopped, and its queue full. */
async function deafPort(t) {
  const { child, ended } = program(
    `import net from 'node:net';
    const server = net.createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`,
    { limit: 20 * 60_000 },
  );
  const port = Number(await firstLine(child));
  child.kill('SIGSTOP');
  const sockets = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
    await ended;
  });
  // The queue takes one or two more than it says.
  for (let i = 0; i < 10; i++) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(500) });
    } catch {
      return port;
    }
  }
  throw new Error('the queue does not fill up');
}

function counted() {
  return {
    descriptors: openDescriptors().length,
    threads: fs.readdirSync('/proc/self/task').length,
  };
}

/** Whether a thread of tokio's runs, which every environment of the process shares. */
function hasRuntime() {
  return fs.readdirSync('/proc/self/task').some((thread) => {
    try {
      return fs.readFileSync(`/proc/self/task/${thread}/comm`, 'utf8') === 'bun-sockets\n';
    } catch {
      return false;
    }
  });
}

if (process.platform !== 'linux') {
  test('descriptors and threads are counted in /proc, on Linux only', (t) => t.pass());
} else {
  test.serial(`${WORKERS} workers are terminated at random moments, whatever they are doing`, async (t) => {
    t.timeout(20 * 60_000);
    const errors = [];
    const workerData = { deaf: await deafPort(t) };
    const one = async (name, time = Math.random() * 60) => {
      const thread = new Worker(PRELUDE + WORK[name], { eval: true, workerData });
      thread.on('error', (error) => errors.push(`${name}: ${error.stack}`));
      const exited = once(thread, 'exit');
      // Half of them in the middle of things, half of them while they begin.
      if (Math.random() < 0.5) await once(thread, 'online');
      await new Promise((resolve) => setTimeout(resolve, time));
      await thread.terminate();
      await exited;
    };
    // What is made once per process is there when tokio's threads are, and everybody has had the time to do something.
    do await Promise.all(names.map((name) => one(name, 1000)));
    while (!hasRuntime());
    const before = counted();
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < WORKERS) await one(names[next++ % names.length]);
      }),
    );
    t.deepEqual(errors, []);
    // Threads that were told to end, and lookups that no one waits for, need a moment; tokio's blocking threads rest for 10 s.
    let after = counted();
    for (let i = 0; i < 300; i++) {
      if (after.descriptors <= before.descriptors && after.threads <= before.threads) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
      after = counted();
    }
    t.true(
      after.descriptors <= before.descriptors,
      `${before.descriptors} descriptors became ${after.descriptors}: ${openDescriptors().join(' ')}`,
    );
    t.true(after.threads <= before.threads, `${before.threads} threads became ${after.threads}`);
    t.log(`${JSON.stringify(before)} before, ${JSON.stringify(after)} after`);
  });
}

test.serial('what a worker was connecting to hears at once that it has ended', async (t) => {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const thread = new Worker(
    `${PRELUDE} connect({ hostname: '127.0.0.1', port: ${server.address().port}, tls: CLIENT, socket: { data() {} } }).catch(() => {});`,
    { eval: true },
  );
  const [socket] = await once(server, 'connection');
  socket.on('error', () => {});
  // The ClientHello: the handshake is under way, and will be for two minutes.
  await once(socket, 'data');
  const closed = once(socket.resume(), 'close', { signal: AbortSignal.timeout(5000) });
  await thread.terminate();
  await closed;
  t.pass();
});

/** How a program ends in a handler, and what must be seen of it. */
const ENDINGS = {
  'process.exit': { body: 'process.exit(42);', code: 42, says: /^$/ },
  'an uncaught exception': { body: "throw new Error('thrown here');", code: 1, says: /thrown here/ },
  // The `error` handler would take what is thrown at once; this is thrown at nobody.
  'an uncaught exception in a tick': {
    body: "process.nextTick(() => { throw new Error('thrown here'); });",
    code: 1,
    says: /thrown here/,
  },
  'an unhandled rejection': { body: "Promise.reject(new Error('thrown here'));", code: 1, says: /thrown here/ },
};

/** A program in which every handler runs; `HERE` stands where the ending comes. */
const plain = (tls) => `
  import fs from 'node:fs';
  import { connect, listen } from 'bun-sockets';
  const pem = (name) => fs.readFileSync('conformance/certificates/' + name + '.pem', 'utf8');
  const here = (event) => { if (event === EVENT) { HERE } };
  const chunk = Buffer.alloc(8 << 20);
  const listener = listen({
    hostname: '127.0.0.1', port: 0, allowHalfOpen: true,
    ${tls ? "tls: { cert: pem('server-ec'), key: pem('server-ec-key') }," : ''}
    socket: {
      open() { here('server open'); }, ${tls ? "handshake() { here('server handshake'); }," : ''}
      data(s, d) {
        here('server data');
        // Whoever has sent its own FIN is told of the close only.
        if (EVENT === 'client end') s.end();
        else if (d.length < 100) s.write(chunk);
      },
      drain() { here('server drain'); },
      end(s) { here('server end'); s.end(); }, close() { here('server close'); },
    },
  });
  let shut = false;
  await connect({
    hostname: '127.0.0.1', port: listener.port, allowHalfOpen: true,
    ${tls ? "tls: { ca: pem('authority'), serverName: 'localhost' }," : ''}
    socket: {
      open(s) { here('client open'); s.timeout(1); ${tls ? '' : "s.write('x');"} },
      ${tls ? "handshake(s) { here('client handshake'); }, drain(s) { s.write('x'); }," : 'drain() {},'}
      data(s) { here('client data'); if (!shut && EVENT !== 'client timeout') { shut = true; setTimeout(() => s.shutdown(), 200); } },
      timeout() { here('client timeout'); },
      end(s) { here('client end'); }, close() { here('client close'); },
    },
  });
  await connect({ hostname: '127.0.0.1', port: 1, socket: { data() {}, connectError() { here('connectError'); } } }).catch(() => {});
`;

const udp = `
  import { udpSocket } from 'bun-sockets';
  const here = (event) => { if (event === EVENT) { HERE } };
  const socket = await udpSocket({ hostname: '127.0.0.1', socket: { data() { here('udp data'); } } });
  const dead = await udpSocket({ hostname: '127.0.0.1', connect: { hostname: '127.0.0.1', port: 1 }, socket: { error() { here('udp error'); } } });
  socket.send('x', socket.port, '127.0.0.1');
  dead.send('x');
`;

const EVENTS = {
  plain: [
    'client open',
    'server open',
    'server data',
    'client data',
    'server drain',
    'server end',
    'client end',
    'server close',
    'client close',
    'client timeout',
    'connectError',
  ],
  tls: [
    'client open',
    'server open',
    'client handshake',
    'server handshake',
    'server data',
    'client data',
    'server end',
    'client end',
    'server close',
    'client close',
  ],
  udp: ['udp data', 'udp error'],
};
const PROGRAMS = { plain: plain(false), tls: plain(true), udp };

const runs = Object.entries(EVENTS)
  .flatMap(
    ([kind, events]) => events.flatMap((event) => Object.keys(ENDINGS).map((ending) => ({ kind, event, ending }))),
    // What `connectError` throws is what the promise rejects with.
  )
  .filter(({ event, ending }) => event !== 'connectError' || ending !== 'an uncaught exception');
/** The quick part takes one ending of each handler in turn. */
const chosen = TORTURE ? runs : runs.filter((_, n) => n % 4 === Math.floor(n / 4) % 4);

test.serial(`${chosen.length} processes end inside a handler`, async (t) => {
  t.timeout(10 * 60_000);
  let next = 0;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (next < chosen.length) {
        const { kind, event, ending } = chosen[next++];
        const { body, code, says } = ENDINGS[ending];
        const run = await outcome(PROGRAMS[kind].replaceAll('HERE', body).replaceAll('EVENT', JSON.stringify(event)));
        const what = `${ending} in ${kind} ${event}`;
        t.false(run.late, `${what}: it hangs`);
        t.is(run.signal, null, what);
        t.is(run.code, code, `${what}: ${run.err}`);
        t.regex(run.err, says, what);
      }
    }),
  );
});
