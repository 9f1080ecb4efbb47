// Two hosts with a bad line between them, which loses, delays, overtakes, doubles and damages packets, and can be cut: faults/line.c.
// Needs root and /dev/net/tun, on Linux; says so where that is missing.

import test from 'ava';
import { FAR_ADDRESS, layLine } from '../faults/line.mjs';
import { firstLine, program } from './support/processes.mjs';

const TORTURE = Boolean(process.env.BUN_SOCKETS_TORTURE);
/** Of the line's random decisions. */
const SEED = 2026;

const line = await layLine(SEED);
if (line.unavailable !== undefined) {
  test(`not tried here: ${line.unavailable}`, (t) => t.pass());
} else {
  test.after.always(() => line.remove());

  /** A program on one of the two hosts; it becomes what `nsenter` was, so that signals reach it. */
  const on = (side, text, limit = 60_000) =>
    program(text, { command: 'nsenter', before: [...line[side], process.execPath], limit });

  const TLS = `
    import fs from 'node:fs';
    const pem = (name) => fs.readFileSync('conformance/certificates/' + name + '.pem', 'utf8');
  `;

  /** Sends back what it gets, over TCP and TLS; prints both ports. Asked by a signal, how many damaged packets its host has seen. */
  const ECHO = `
    import { listen } from 'bun-sockets';
    ${TLS}
    const rest = new Map();
    const send = (s) => {
      let bytes = rest.get(s);
      while (bytes.length > 0) { const n = s.write(bytes); if (n <= 0) break; bytes = bytes.subarray(n); }
      rest.set(s, bytes);
      if (bytes.length === 0) s.resume();
    };
    const socket = {
      open(s) { rest.set(s, Buffer.alloc(0)); },
      data(s, d) { rest.set(s, Buffer.concat([rest.get(s), d])); s.pause(); send(s); },
      drain(s) { if (rest.has(s)) send(s); },
      close(s) { rest.delete(s); },
    };
    const plain = listen({ hostname: '${FAR_ADDRESS}', port: 0, socket });
    const secure = listen({ hostname: '${FAR_ADDRESS}', port: 0, socket, tls: { cert: pem('server-ec'), key: pem('server-ec-key') } });
    console.log(plain.port, secure.port);
    const damaged = () => Number(fs.readFileSync('/proc/net/snmp', 'utf8').match(/^Tcp: .* (\\d+)$/m)[1]);
    process.once('SIGUSR2', () => { console.log(damaged()); process.exit(); });
  `;

  let refusedBefore = 0;
  /** Runs the echo server while `use` needs it; resolves with how many damaged segments its host has refused meanwhile. */
  async function withEcho(t, use) {
    const { child, ended } = on('far', ECHO, 280_000);
    try {
      await use(...(await firstLine(child)).split(' '));
    } finally {
      child.kill('SIGUSR2');
    }
    const { out, err, late } = await ended;
    t.false(late, err);
    const refused = Number(out.trim().split('\n')[1]) - refusedBefore;
    refusedBefore += refused;
    return refused;
  }

  /**
   * Sends so many bytes and compares what comes back; prints what became of it. No two places of the text are alike: bytes that are
   * missing, doubled or moved show.
   */
  const ask = (port, tls, bytes) => `
    import { connect } from 'bun-sockets';
    import { createCipheriv } from 'node:crypto';
    ${TLS}
    const text = createCipheriv('aes-128-ctr', Buffer.alloc(16, ${port}), Buffer.alloc(16)).update(Buffer.alloc(${bytes}));
    let sent = 0, heard = 0;
    const send = (s) => { while (sent < text.length) { const n = s.write(text.subarray(sent, sent + 30000)); if (n <= 0) return; sent += n; } };
    await connect({ hostname: '${FAR_ADDRESS}', port: ${port}, ${tls ? "tls: { ca: pem('authority'), serverName: 'localhost' }," : ''} socket: {
      open: send, drain: send,
      data(s, d) {
        if (heard === 0) console.log('begun');
        if (!d.equals(text.subarray(heard, heard + d.length))) { console.log('other bytes'); process.exit(1); }
        heard += d.length;
        if (heard === text.length) s.end();
      },
      close(_, error) { console.log(heard, error?.code ?? 'no error'); },
    } });
  `;

  /** What both hosts' packets met since `before`. */
  async function metSince(before) {
    const after = await line.report();
    return after.map((side, i) =>
      Object.fromEntries(Object.keys(side).map((key) => [key, side[key] - before[i][key]])),
    );
  }

  const BAD = { delay: 20, jitter: 10, loss: 2, duplicate: 1, corrupt: 0.5 };
  /** Bad lines, of which TCP makes good ones, how much is sent over them, and what must have happened on the way. */
  const LINES = [
    // Narrow, with a queue so short that it overflows all the time.
    [{ rate: 30_000, queue: 20_000 }, 8_000_000, ['overflowed']],
    // Of the little that the quick part sends, maybe nothing is damaged.
    [BAD, 8_000_000, ['lost', 'doubled', 'overtaken', ...(TORTURE ? ['corrupted'] : [])]],
    [{ delay: 20, jitter: 10 }, 5_000_000, ['overtaken']],
    [{ delay: 5, loss: 5 }, 5_000_000, ['lost']],
    [{ delay: 2, duplicate: 5, corrupt: 2 }, 5_000_000, ['doubled', 'corrupted']],
  ];

  for (const [how, most, met] of TORTURE ? LINES : LINES.slice(0, 2)) {
    const bytes = TORTURE ? most : 200_000;
    test.serial(`everything arrives over a line with ${JSON.stringify(how)}`, async (t) => {
      t.timeout(300_000);
      const before = await line.report();
      const started = performance.now();
      const damaged = await withEcho(t, async (plain, secure) => {
        await line.set(how);
        const runs = [on('near', ask(plain, false, bytes), 250_000), on('near', ask(secure, true, bytes), 250_000)];
        for (const { out, err, late } of await Promise.all(runs.map((run) => run.ended))) {
          t.false(late, `it hangs: ${out}`);
          t.is(out, `begun\n${bytes} no error\n`, err);
        }
        await line.set();
      });
      const counts = await metSince(before);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      t.log(
        `${seconds} s; ${counts.map((side) => JSON.stringify(side)).join(', ')}; ${damaged} damaged segments refused`,
      );
      for (const name of met) for (const side of counts) t.true(side[name] > 0, `no packet was ${name}`);
      // Some of the damaged packets have it in the IP header, and are refused before they are TCP's.
      if (met.includes('corrupted'))
        t.true(damaged > 0 && damaged <= counts[0].corrupted, 'nobody looked at the checksums');
    });
  }

  // Not both at once: two damaged fragments of one datagram can cancel out in UDP's checksum, one bit up, the same bit down.
  for (const [what, how, lengthOf] of [
    ['damaged', { ...BAD, corrupt: 5 }, '4 + (n * 7919) % 1400'],
    ['in fragments', { ...BAD, corrupt: 0 }, '2000 + (n * 7919) % 5000'],
  ]) {
    test.serial(`a datagram that arrives is one that was sent, by a line on which some are ${what}`, async (t) => {
      t.timeout(120_000);
      const count = TORTURE ? 20_000 : 1_000;
      // The contents follow from the number in front.
      const datagrams = `
      import { createCipheriv } from 'node:crypto';
      import { udpSocket } from 'bun-sockets';
      const datagram = (n) => {
        const bytes = Buffer.alloc(${lengthOf});
        const text = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'datagram'), Buffer.from(String(n).padStart(16))).update(bytes);
        text.writeUInt32BE(n);
        return text;
      };
    `;
      const receiver = on(
        'far',
        `
      import fs from 'node:fs';
      ${datagrams}
      // Fragments that are far apart, and many that wait for a lost one.
      fs.writeFileSync('/proc/sys/net/ipv4/ipfrag_max_dist', '0');
      fs.writeFileSync('/proc/sys/net/ipv4/ipfrag_high_thresh', String(256 << 20));
      const seen = new Map();
      let wrong = 0, foreign = 0, last = -1, overtaken = 0;
      const socket = await udpSocket({ hostname: '${FAR_ADDRESS}', socket: { data(s, d, port, address, flags) {
        const n = d.readUInt32BE();
        if (d.length === 4 && n === 0xffffffff) {
          // Received, to no port, wrong, sent, without room, not sent, with a wrong checksum.
          const numbers = fs.readFileSync('/proc/net/snmp', 'utf8').match(/^Udp: (\\d.*)$/m)[1].split(' ').map(Number);
          let doubled = 0;
          for (const times of seen.values()) if (times > 1) doubled++;
          console.log(JSON.stringify({ wrong, foreign, arrived: seen.size, doubled, overtaken, errors: numbers[6], noRoom: numbers[4] }));
          s.send('bye', port, address);
          s.close();
          return;
        }
        if (address !== '10.99.0.1' || flags.truncated) foreign++;
        if (n >= ${count} || !d.equals(datagram(n))) wrong++;
        seen.set(n, (seen.get(n) ?? 0) + 1);
        if (n < last) overtaken++;
        last = Math.max(last, n);
      } } });
      console.log(socket.port);
    `,
      );
      const port = Number(await firstLine(receiver.child));
      await line.set(how);
      const before = await line.report();
      const { out, err, late } = await on(
        'near',
        `
      import fs from 'node:fs';
      ${datagrams}
      // Paced: what is lost, the line has lost, not a full buffer.
      const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      let over = false;
      const socket = await udpSocket({ connect: { hostname: '${FAR_ADDRESS}', port: ${port} }, socket: {
        data() { over = true; socket.close(); },
        // The farewell has arrived, and its answer was lost.
        error() { over = true; socket.close(); },
      } });
      let taken = 0;
      for (let n = 0; n < ${count}; n += 20) {
        taken += socket.sendMany(Array.from({ length: 20 }, (_, i) => datagram(n + i)));
        await sleep(2);
      }
      await sleep(200);
      const end = Buffer.alloc(4, 0xff);
      while (!over) { socket.send(end); await sleep(100); }
      // Of the device: when the program that is the line is not given the time to take them.
      const dropped = fs.readFileSync('/proc/net/dev', 'utf8').match(/cable: *(.*)/)[1].split(/ +/)[11];
      console.log(taken, dropped);
    `,
      ).ended;
      const [, told] = (await receiver.ended).out.trim().split('\n');
      const [near] = await metSince(before);
      await line.set();
      t.false(late, err);
      t.regex(out, /^\d+ \d+\n$/, err);
      const [taken, dropped] = out.split(' ').map(Number);
      t.is(taken, count);
      const { wrong, foreign, arrived, doubled, overtaken, errors, noRoom } = JSON.parse(told);
      t.log(`${arrived} of ${count} arrived: ${told}; ${JSON.stringify(near)}`);
      t.is(wrong, 0);
      t.is(foreign, 0);
      t.true(near.lost > 0 && overtaken > 0, told);
      // A datagram that is doubled in fragments is put together once.
      if (what === 'damaged') t.true(doubled > 0 && near.corrupted > 0 && errors > 0, told);
      // A lost or damaged packet costs one datagram, not more.
      t.true(arrived < count && arrived >= count - near.lost - near.corrupted - dropped - noRoom, told);
    });
  }

  /** Connects, says that it has, and waits; `after` is done with the open socket. Prints how and after how many seconds it was closed. */
  const wait = (port, after, settings = '') => `
    import fs from 'node:fs';
    import { connect } from 'bun-sockets';
    const setting = (name, value) => fs.writeFileSync('/proc/sys/net/ipv4/' + name, String(value));
    ${settings}
    let from;
    await connect({ hostname: '${FAR_ADDRESS}', port: ${port}, socket: {
      data(s) { ${after} from = performance.now(); console.log('connected'); },
      open: (s) => void s.write('x'),
      drain() {},
      close(_, error) { console.log(error?.code ?? 'no error', Math.round((performance.now() - from) / 1000)); },
    } });
  `;

  test.serial('keep-alive finds out that the cable is cut', async (t) => {
    t.timeout(120_000);
    await withEcho(t, async (port) => {
      // Probes once a second, of which the system's own number may stay unanswered.
      const often = "setting('tcp_keepalive_intvl', 1); setting('tcp_keepalive_probes', 3);";
      const client = on('near', wait(port, 's.setKeepAlive(true, 1000);', often));
      await firstLine(client.child);
      await line.cut();
      const { out, late, err } = await client.ended;
      await line.mend();
      t.false(late, 'nobody noticed');
      const [, how] = out.trim().split('\n');
      t.regex(how, /^ETIMEDOUT \d+$/, err);
      t.true(Number(how.split(' ')[1]) <= 30, how);
      t.log(how);
    });
  });

  test.serial('a connection outlasts a cable that is cut and mended', async (t) => {
    await withEcho(t, async (port) => {
      const client = on(
        'near',
        `
        import { connect } from 'bun-sockets';
        let heard = '';
        const socket = await connect({ hostname: '${FAR_ADDRESS}', port: ${port}, socket: {
          data(s, d) { heard += d; if (heard === 'one') console.log('one'); if (heard === 'onetwo') s.end(); },
          open: (s) => void s.write('one'), drain() {},
          close(_, error) { console.log(heard, error?.code ?? 'no error'); },
        } });
        process.once('SIGUSR2', () => socket.write('two'));
      `,
      );
      await firstLine(client.child);
      await line.cut();
      // Said into the void; TCP says it again.
      client.child.kill('SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await line.mend();
      const { out, err } = await client.ended;
      t.is(out, 'one\nonetwo no error\n', err);
    });
  });

  test.serial('transfers go on when the cable is mended', async (t) => {
    t.timeout(120_000);
    const before = await line.report();
    await withEcho(t, async (plain, secure) => {
      await line.set({ delay: 5, rate: 20_000, queue: 100_000 });
      const bytes = 1_000_000;
      const runs = [on('near', ask(plain, false, bytes)), on('near', ask(secure, true, bytes))];
      await Promise.all(runs.map((run) => firstLine(run.child)));
      for (let i = 0; i < (TORTURE ? 5 : 1); i++) {
        await line.cut();
        await new Promise((resolve) => setTimeout(resolve, 300));
        await line.mend();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      for (const { out, err } of await Promise.all(runs.map((run) => run.ended))) {
        t.is(out, `begun\n${bytes} no error\n`, err);
      }
      await line.set();
    });
    for (const side of await metSince(before)) t.true(side.cut > 0, 'nothing was under way');
  });

  test.serial('a connect into a cut cable can be given up', async (t) => {
    await line.cut();
    for (const tls of ['', 'tls: true,']) {
      const { out, late, err } = await on(
        'near',
        `
        import { connect } from 'bun-sockets';
        const signal = AbortSignal.timeout(500);
        const error = await connect({ hostname: '${FAR_ADDRESS}', port: 9, signal, ${tls} socket: { data() {} } }).catch((e) => e);
        console.log(error.name);
      `,
      ).ended;
      t.false(late);
      t.is(out, 'TimeoutError\n', err);
    }
    await line.mend();
  });

  if (TORTURE) {
    test.serial('a connect to a dead host ends when the system gives up', async (t) => {
      await line.cut();
      const { out, late, err } = await on(
        'near',
        `
        import fs from 'node:fs';
        import { connect } from 'bun-sockets';
        fs.writeFileSync('/proc/sys/net/ipv4/tcp_syn_retries', '2');
        // Newer kernels have these before the others.
        const linear = '/proc/sys/net/ipv4/tcp_syn_linear_timeouts';
        if (fs.existsSync(linear)) fs.writeFileSync(linear, '0');
        let told;
        const error = await connect({ hostname: '${FAR_ADDRESS}', port: 9, socket: {
          data() {}, connectError(_, e) { told = e.code; },
        } }).catch((e) => e);
        console.log(error.code, told);
      `,
      ).ended;
      await line.mend();
      t.false(late);
      t.is(out, 'ETIMEDOUT ETIMEDOUT\n', err);
    });

    test.serial('what nobody acknowledges ends a connection when the system gives up', async (t) => {
      await withEcho(t, async (port) => {
        const client = on(
          'near',
          wait(port, "process.once('SIGUSR2', () => s.write('into the void'));", "setting('tcp_retries2', 4);"),
        );
        await firstLine(client.child);
        await line.cut();
        client.child.kill('SIGUSR2');
        const { out, late, err } = await client.ended;
        await line.mend();
        t.false(late, 'nobody noticed');
        t.regex(out, /^connected\nETIMEDOUT \d+\n$/, err);
        t.log(out.trim().split('\n')[1]);
      });
    });
  }
}
