// Every example runs, against real counterparts where it has one.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { notOnWindows } from './support/platform.mjs';
import { firstLine, root } from './support/processes.mjs';

/** An example that takes longer hangs, in milliseconds. */
const LIMIT = 60_000;

const run = promisify(execFile);
const example = (name) => path.join('examples', `${name}.mjs`);

/** `test` where a command is installed; elsewhere the test is skipped and its title says why. */
function needing(command) {
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined) return test;
  return (title) => test.skip(`${title} (skipped: ${command} is not installed)`, () => {});
}

/** What an example prints; it must end by itself. */
async function printed(name, args = [], before = []) {
  const { stdout, stderr } = await run(process.execPath, [...before, example(name), ...args], {
    ...{ cwd: root, timeout: LIMIT },
  });
  return stdout + stderr;
}

/** A child that ends with the test; its output is collected in `output`. */
function start(t, command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const started = { child, output: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      started.output += text;
    });
  }
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  return started;
}

test('all examples are tested here', (t) => {
  const names = fs.readdirSync(path.join(root, 'examples')).map((file) => path.basename(file, '.mjs'));
  const text = fs.readFileSync(new URL(import.meta.url), 'utf8');
  for (const name of names) t.true(name === 'certificates' || text.includes(`'${name}'`), name);
});

test('line lengths', async (t) => {
  t.is(await printed('line-lengths'), '300000 lines answered\n');
});

test('DNS over UDP', async (t) => {
  t.is(await printed('dns-over-udp'), 'router.example 192.0.2.1\nprinter.example 192.0.2.7\nnobody.example error 3\n');
});

test('STARTTLS', async (t) => {
  const text = await printed('starttls');
  t.true(text.includes('server, over TLSv1.3: the password is 1234\n'));
  t.true(text.includes('client, over TLSv1.3: nobody has heard this\n'));
});

test('a proxy that holds back whoever is too fast', async (t) => {
  const [sent, waited] = (await printed('proxy')).split('\n');
  t.is(sent, 'sent 67108864 bytes through the proxy; the server got 67108864 bytes');
  // One event's data at most.
  t.true(Number(/at most (\d+) KiB/.exec(waited)[1]) <= 512);
});

test('the proxy in front of a web server', async (t) => {
  const body = Buffer.alloc(3_000_000, 'page ');
  const server = http.createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const proxy = start(t, process.execPath, [example('proxy'), '0', '127.0.0.1', String(server.address().port)]);
  const port = /port (\d+)/.exec(await firstLine(proxy.child))[1];
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
      return Buffer.from(await response.arrayBuffer()).equals(body);
    }),
  );
  t.deepEqual(answers, [true, true, true, true, true]);
});

needing('redis-server')('a Redis client and a real redis-server', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-redis-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const address = path.join(folder, 'socket');
  const config = ['--port', '0', '--unixsocket', address, '--save', '', '--appendonly', 'no', '--dir', folder];
  const redis = start(t, 'redis-server', config);
  while (!/ready to accept connections/i.test(redis.output)) {
    await Promise.race([once(redis.child.stdout, 'data'), once(redis.child, 'exit')]);
    if (redis.child.exitCode !== null) throw new Error(redis.output);
  }
  t.is(
    await printed('redis', [address]),
    [
      ...['PING PONG', 'SET OK', 'GET grüß dich', 'GET of nothing null', '10000 INCR at once, in order: true'],
      ...['32 MiB there and back, equal: true', 'LRANGE a,b,c'],
      ...['refused: WRONGTYPE Operation against a key holding the wrong kind of value', 'DEL 4', ''],
    ].join('\n'),
  );
});

notOnWindows('no Redis is there', async (t) => {
  const nowhere = path.join(os.tmpdir(), 'bun-sockets-no-redis', 'socket');
  const { stderr, code } = await t.throwsAsync(printed('redis', [nowhere]));
  t.is(code, 1);
  t.is(stderr, `no Redis at ${nowhere}: ENOENT\n`);
});

/** Python's own mail client: it checks the certificate and gives up unless STARTTLS is offered and done. */
const MAIL = `
import smtplib, ssl, sys
client = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
try:
    client.sendmail('a@example.org', ['b@example.org'], 'in plain text')
except smtplib.SMTPException as error:
    print('plain:', error.smtp_code)
client.starttls(context=ssl.create_default_context(cafile=sys.argv[2]))
body = 'Subject: hello\\r\\n\\r\\n' + 'a line\\r\\n' * 50000 + '.a dot\\r\\nthe end'
print(client.sendmail('a@example.org', ['b@example.org', 'c@example.org'], body))
print(client.quit()[0])
`;

needing('python3')('a mail server and a real client', async (t) => {
  const server = start(t, process.execPath, [example('smtp')]);
  const [, port, ca] = /^port (\d+) ca (.+)$/.exec(await firstLine(server.child));
  const { stdout } = await run('python3', ['-c', MAIL, port, ca], { timeout: LIMIT });
  t.is(stdout, 'plain: 530\n{}\n221\n');
  t.true(server.output.includes('secure: TLSv1.3\n'));
  t.regex(server.output, /mail from a@example\.org to b@example\.org c@example\.org: 50004 lines, \d+ bytes/);
  t.true(server.output.includes('a line\n.a dot\nthe end\n'));
});

test('a chat for those with a certificate', async (t) => {
  const text = await printed('chat');
  for (const line of [
    'Grace reads "Ada: Hello Grace!"',
    'Ada reads "Grace: Hello Ada!"',
    'server: refused Mallory: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'Ada reads "Grace has left"',
  ]) {
    t.true(text.includes(`${line}\n`), line);
  }
  t.false(text.includes('reads "Mallory'));
});

test('a Bun program, unchanged', async (t) => {
  const lines = (await printed('bun-program', [], ['--import', 'bun-sockets/register'])).trim().split('\n');
  t.is(lines.length, 2);
  t.true(lines.some((line) => line.startsWith('It is Thu Jan 01 1970') || line.startsWith('It is Wed Dec 31 1969')));
  t.true(lines.includes('Nice to meet you, Node.js!'));
});

test('the demo', async (t) => {
  const { stdout } = await run(process.execPath, [path.join('demo', 'main.mjs'), '--quick'], {
    cwd: root,
    timeout: LIMIT,
  });
  for (const name of process.platform === 'win32' ? ['TCP', 'TLS'] : ['TCP', 'unix socket', 'TLS']) {
    t.regex(stdout, new RegExp(`^${name} .* 16 MiB there and back, every byte compared$`, 'm'));
  }
  t.regex(stdout, /^ {2}UDP .* [1-9][\d,]* \/s/m);
  t.regex(stdout, /handshake {2}TLSv1\.3, TLS_/);
  t.regex(stdout, /the peer is server-ec, authorized: true/);
});
