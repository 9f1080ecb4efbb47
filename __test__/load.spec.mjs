// Many connections at once, many after each other, and too many.

import test from 'ava';
import { firstLine, outcome, program } from './support/processes.mjs';

const TORTURE = Boolean(process.env.BUN_SOCKETS_TORTURE);

const ECHO = `
  import { listen } from 'bun-sockets';
  let open = 0;
  let most = 0;
  const listener = listen({ hostname: '0.0.0.0', port: 0, socket: {
    open() { most = Math.max(most, ++open); },
    data: (s, d) => void s.write(d),
    close() { open--; },
    error(s, e) { console.error(e); process.exit(1); },
  } });
  console.log(listener.port);
  process.on('SIGTERM', () => { console.log(JSON.stringify({ open, most })); process.exit(0); });
`;

test.serial('10,000 connections at once, each served', async (t) => {
  const server = program(ECHO, { limit: 100_000 });
  const port = await firstLine(server.child);
  const { out, err, code } = await outcome(
    `
    import { connect } from 'bun-sockets';
    const CONNECTIONS = 10_000;
    let answers = 0;
    const waiting = [];
    const sockets = [];
    const one = (i) => connect({
      hostname: '127.0.0.' + (1 + (i % 50)), port: ${port},
      socket: { open: (s) => { s.data = { i, got: '' }; }, data(s, d) {
        s.data.got += d;
        if (s.data.got === 'number ' + s.data.i && ++answers === CONNECTIONS) waiting.shift()();
      } },
    });
    for (let i = 0; i < CONNECTIONS; i += 250) {
      sockets.push(...await Promise.all(Array.from({ length: 250 }, (_, n) => one(i + n))));
    }
    const answered = new Promise((resolve) => waiting.push(resolve));
    for (const s of sockets) s.write('number ' + s.data.i);
    await answered;
    console.log(sockets.filter((s) => s.readyState === 1).length, answers);
    for (const s of sockets) s.close();
  `,
    { limit: 100_000 },
  );
  t.is(code, 0, err);
  t.is(out, '10000 10000\n');
  server.child.kill('SIGTERM');
  const report = JSON.parse((await server.ended).out.split('\n')[1]);
  t.is(report.most, 10_000);
});

const SEQUENTIAL = TORTURE ? 1_000_000 : 20_000;

test.serial(`${SEQUENTIAL} connections one after the other, flat memory`, async (t) => {
  t.timeout(30 * 60_000);
  const from = Date.now();
  const { out, err, code } = await outcome(
    `
    import { connect, listen } from 'bun-sockets';
    const listener = listen({ hostname: '0.0.0.0', port: 0, socket: { data: (s, d) => void s.write(d) } });
    const one = (i) => new Promise((resolve, reject) => connect({
      hostname: '127.0.' + (1 + (i % 100)) + '.1', port: listener.port,
      socket: { open: (s) => void s.write('x'), data: (s) => s.terminate(), close: resolve, error: (_, e) => reject(e) },
    }).catch(reject));
    const rss = async () => { gc(); await new Promise(setImmediate); gc(); return process.memoryUsage().rss; };
    for (let i = 0; i < 5000; i++) await one(i);
    const before = await rss();
    for (let i = 5000; i < ${SEQUENTIAL}; i++) await one(i);
    console.log((await rss()) - before);
    listener.stop(true);
  `,
    // A young generation that cannot grow: V8 would take 18 MB for it at some moment.
    { args: ['--expose-gc', '--max-semi-space-size=1'], limit: TORTURE ? 29 * 60_000 : 110_000 },
  );
  t.is(code, 0, err);
  t.true(Number(out) < 8 << 20, `RSS grew by ${out}`);
  t.log(`${Math.round((Date.now() - from) / 1000)} s, RSS ${(Number(out) / (1 << 20)).toFixed(1)} MiB more at the end`);
});

if (process.platform === 'linux') {
  test.serial('out of descriptors: accept waits without spinning, and goes on later', async (t) => {
    const { child, ended } = program(
      `
      import { listen } from 'bun-sockets';
      const sockets = new Set();
      let opened = 0;
      const listener = listen({ hostname: '127.0.0.1', port: 0, socket: {
        open(s) { opened++; sockets.add(s); },
        data() {},
        close(s) { sockets.delete(s); },
      } });
      console.log(listener.port);
      const steady = async () => {
        for (let last = -1; last !== opened; ) { last = opened; await new Promise((resolve) => setTimeout(resolve, 200)); }
      };
      await new Promise((resolve) => process.once('SIGUSR2', resolve));
      await steady();
      const first = opened;
      const cpu = process.cpuUsage();
      const from = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { user, system } = process.cpuUsage(cpu);
      const load = (user + system) / 1000 / (performance.now() - from);
      while (sockets.size > 0) {
        for (const s of [...sockets]) s.close();
        await steady();
      }
      console.log(JSON.stringify({ first, opened, load }));
      listener.stop(true);
    `,
      { command: 'sh', before: ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath], limit: 60_000 },
    );
    const port = await firstLine(child);
    const client = program(
      `
      import net from 'node:net';
      let connected = 0;
      for (let i = 0; i < 150; i++) {
        net.connect(${port}, '127.0.0.1', () => ++connected === 150 && console.log('connected')).on('error', () => {}).resume();
      }
    `,
      { limit: 60_000 },
    );
    await firstLine(client.child);
    child.kill('SIGUSR2');
    const { out, err, code } = await ended;
    client.child.kill('SIGKILL');
    t.is(code, 0, err);
    const { first, opened, load } = JSON.parse(out.split('\n')[1]);
    t.true(first > 5 && first < 64, `${first} before the descriptors ran out`);
    t.is(opened, 150);
    t.true(load < 0.2, `the process used ${Math.round(load * 100)} % of a processor while it could not accept`);
  });

  test.serial('out of descriptors: connect fails and says why', async (t) => {
    const { out, err, code } = await outcome(
      `
      import { connect, listen } from 'bun-sockets';
      const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
      const results = await Promise.allSettled(Array.from({ length: 100 }, () =>
        connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } })));
      const codes = new Set(results.filter((r) => r.status === 'rejected').map((r) => r.reason.code));
      console.log(JSON.stringify([...codes]));
      process.exit(0);
    `,
      { command: 'sh', before: ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath] },
    );
    t.is(code, 0, err);
    t.deepEqual(JSON.parse(out), ['EMFILE']);
  });
}
