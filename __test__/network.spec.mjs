// Two hosts with a bad network between them: network namespaces, a cable (veth) and netem. Needs root and iproute2, on Linux; says
// so where that is missing, and where the kernel has no netem.

import { spawnSync } from 'node:child_process';
import test from 'ava';
import { firstLine, program } from './support/processes.mjs';

const TORTURE = Boolean(process.env.BUN_SOCKETS_TORTURE);
const NEAR = `bs-near-${process.pid}`;
const FAR = `bs-far-${process.pid}`;

/** Runs `ip`, or another command inside a namespace; what it complains about, or undefined. */
function ip(...args) {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  return status === 0 ? undefined : `ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`;
}

/** Makes a line bad. */
const spoil = (side, ...how) => ip('netns', 'exec', side, 'tc', 'qdisc', 'replace', 'dev', 'cable', 'root', ...how);

/** How many packets a line has lost. */
function droppedBy(side) {
  const { stdout } = spawnSync('ip', ['netns', 'exec', side, 'tc', '-s', 'qdisc', 'show', 'dev', 'cable'], {
    encoding: 'utf8',
  });
  return Number(/dropped (\d+)/.exec(stdout)?.[1]);
}

function lay() {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s';
  if (process.getuid() !== 0) return 'network namespaces need root';
  for (const args of [
    ['netns', 'add', NEAR],
    ['netns', 'add', FAR],
    ['link', 'add', 'cable', 'netns', NEAR, 'type', 'veth', 'peer', 'name', 'cable', 'netns', FAR],
    ['-n', NEAR, 'addr', 'add', '10.99.0.1/24', 'dev', 'cable'],
    ['-n', FAR, 'addr', 'add', '10.99.0.2/24', 'dev', 'cable'],
    ['-n', NEAR, 'link', 'set', 'cable', 'up'],
    ['-n', FAR, 'link', 'set', 'cable', 'up'],
  ]) {
    const complaint = ip(...args);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function remove() {
  ip('netns', 'del', NEAR);
  ip('netns', 'del', FAR);
}

const unavailable = lay();
if (unavailable !== undefined) {
  remove();
  test(`not tried here: ${unavailable}`, (t) => t.pass());
} else {
  process.on('exit', remove);
  const noNetem = spoil(FAR, 'netem', 'delay', '1ms');
  ip('netns', 'exec', FAR, 'tc', 'qdisc', 'del', 'dev', 'cable', 'root');

  /** A program on one of the two hosts. */
  const on = (side, text, limit = 60_000) =>
    program(text, { command: 'ip', before: ['netns', 'exec', side, process.execPath], limit });

  const TLS = `
    import fs from 'node:fs';
    const pem = (name) => fs.readFileSync('conformance/certificates/' + name + '.pem', 'utf8');
  `;

  /** Sends back what it gets, over TCP and TLS; prints both ports. */
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
    const plain = listen({ hostname: '10.99.0.2', port: 0, socket });
    const secure = listen({ hostname: '10.99.0.2', port: 0, socket, tls: { cert: pem('server-ec'), key: pem('server-ec-key') } });
    console.log(plain.port, secure.port);
  `;

  /** Says so many bytes and compares what comes back; prints what became of it. */
  const ask = (port, tls, bytes) => `
    import { connect } from 'bun-sockets';
    ${TLS}
    const text = Buffer.alloc(${bytes}, 'what is said over a bad line ');
    let sent = 0, heard = 0;
    const send = (s) => { while (sent < text.length) { const n = s.write(text.subarray(sent, sent + 30000)); if (n <= 0) return; sent += n; } };
    await connect({ hostname: '10.99.0.2', port: ${port}, ${tls ? "tls: { ca: pem('authority'), serverName: 'localhost' }," : ''} socket: {
      open: send, drain: send,
      data(s, d) {
        if (!d.equals(text.subarray(heard, heard + d.length))) { console.log('other bytes'); process.exit(1); }
        heard += d.length;
        if (heard === text.length) s.end();
      },
      close(_, error) { console.log(heard, error?.code ?? 'no error'); },
    } });
  `;

  /** Bad lines, of which TCP makes good ones. */
  const LINES = [
    // Narrow, with a queue so short that it overflows all the time: loss that needs no netem.
    ['tbf', 'rate', '30mbit', 'burst', '10kb', 'limit', '20kb'],
    ['netem', 'delay', '20ms', '10ms', 'distribution', 'normal'],
    ['netem', 'loss', '3%'],
    ['netem', 'delay', '5ms', 'reorder', '25%', '50%'],
    ['netem', 'duplicate', '5%', 'corrupt', '1%', 'delay', '2ms'],
  ];

  for (const line of LINES) {
    if (line[0] === 'netem' && noNetem !== undefined) {
      test(`a line with ${line.join(' ')} is not tried here: ${noNetem}`, (t) => t.pass());
      continue;
    }
    test.serial(`everything arrives over a line with ${line.join(' ')}`, async (t) => {
      t.timeout(120_000);
      const { child, ended } = on(FAR, ECHO, 100_000);
      const [plain, secure] = (await firstLine(child)).split(' ');
      t.is(spoil(FAR, ...line), undefined);
      t.is(spoil(NEAR, ...line), undefined);
      const bytes = TORTURE ? 5_000_000 : 200_000;
      for (const [port, tls] of [
        [plain, false],
        [secure, true],
      ]) {
        const { out, err, late } = await on(NEAR, ask(port, tls, bytes)).ended;
        t.false(late, `${line.join(' ')}, TLS ${tls}: it hangs`);
        t.is(out, `${bytes} no error\n`, err);
      }
      child.kill('SIGKILL');
      await ended;
      const dropped = [NEAR, FAR].map(droppedBy);
      t.log(`${dropped.join(' and ')} packets dropped`);
      if (line.includes('tbf') || line.includes('loss'))
        t.true(dropped[0] > 0 && dropped[1] > 0, 'the line was not bad at all');
      for (const side of [NEAR, FAR]) ip('netns', 'exec', side, 'tc', 'qdisc', 'del', 'dev', 'cable', 'root');
    });
  }

  /** Connects, says that it has, and waits; `after` is done with the open socket. Prints how and after how many seconds it was closed. */
  const wait = (port, after) => `
    import { connect } from 'bun-sockets';
    let from;
    await connect({ hostname: '10.99.0.2', port: ${port}, socket: {
      data(s) { ${after} from = performance.now(); console.log('connected'); },
      open: (s) => void s.write('x'),
      drain() {},
      close(_, error) { console.log(error?.code ?? 'no error', Math.round((performance.now() - from) / 1000)); },
    } });
  `;

  const cut = () => ip('-n', NEAR, 'link', 'set', 'cable', 'down');
  const mend = () => ip('-n', NEAR, 'link', 'set', 'cable', 'up');

  test.serial('keep-alive finds out that the cable is cut', async (t) => {
    t.timeout(120_000);
    const { child, ended } = on(FAR, ECHO, 100_000);
    const [port] = (await firstLine(child)).split(' ');
    // Probes once a second, of which the system's own number may stay unanswered.
    ip('netns', 'exec', NEAR, 'sysctl', '-qw', 'net.ipv4.tcp_keepalive_intvl=1', 'net.ipv4.tcp_keepalive_probes=3');
    const client = on(NEAR, wait(port, 's.setKeepAlive(true, 1000);'));
    await firstLine(client.child);
    t.is(cut(), undefined);
    const { out, late } = await client.ended;
    t.is(mend(), undefined);
    t.false(late, 'nobody noticed');
    const [, how] = out.trim().split('\n');
    t.regex(how, /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) \d+$/);
    t.true(Number(how.split(' ')[1]) <= 30, how);
    t.log(how);
    child.kill('SIGKILL');
    await ended;
  });

  test.serial('a connection outlasts a cable that is cut and mended', async (t) => {
    const { child, ended } = on(FAR, ECHO);
    const [port] = (await firstLine(child)).split(' ');
    const client = on(
      NEAR,
      `
      import { connect } from 'bun-sockets';
      let heard = '';
      const socket = await connect({ hostname: '10.99.0.2', port: ${port}, socket: {
        data(s, d) { heard += d; if (heard === 'one') console.log('one'); if (heard === 'onetwo') s.end(); },
        open: (s) => void s.write('one'), drain() {},
        close(_, error) { console.log(heard, error?.code ?? 'no error'); },
      } });
      process.once('SIGUSR2', () => socket.write('two'));
    `,
    );
    await firstLine(client.child);
    t.is(cut(), undefined);
    // Said into the void; TCP says it again. The signal goes to the program: \`ip\` has become it.
    client.child.kill('SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, 300));
    t.is(mend(), undefined);
    const { out, err } = await client.ended;
    t.is(out, 'one\nonetwo no error\n', err);
    child.kill('SIGKILL');
    await ended;
  });

  test.serial('a connect into a cut cable can be given up', async (t) => {
    t.is(cut(), undefined);
    const { out, late, err } = await on(
      NEAR,
      `
      import { connect } from 'bun-sockets';
      const error = await connect({ hostname: '10.99.0.2', port: 9, signal: AbortSignal.timeout(500), socket: { data() {} } }).catch((e) => e);
      console.log(error.name, error.code);
    `,
    ).ended;
    t.is(mend(), undefined);
    t.false(late);
    // Without a route it fails at once.
    t.regex(out, /^(TimeoutError|Error E(NET|HOST)UNREACH)/, err);
  });
}
