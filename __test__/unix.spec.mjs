import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { dial, serve } from './support/observe.mjs';
import { notOnWindows, onLinux } from './support/platform.mjs';
import { firstLine, program } from './support/processes.mjs';
import { everything, rawClient } from './support/raw.mjs';

const nothing = { data() {} };

function folder(t) {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), 'bs-'));
  t.teardown(() => fs.rmSync(name, { recursive: true, force: true }));
  return (file) => path.join(name, file);
}

notOnWindows('echo over a path, with a client of node:net', async (t) => {
  const unix = folder(t)('s');
  const { target } = serve(t, { data: (socket, data) => void socket.end(data) }, { unix });
  const peer = await rawClient(t, target);
  const all = everything(peer);
  peer.write('hello');
  t.is((await all).toString(), 'hello');
});

notOnWindows('the path is unlinked by stop, at once', (t) => {
  const unix = folder(t)('s');
  for (const stop of [(l) => l.stop(), (l) => l.stop(true), (l) => l[Symbol.dispose]()]) {
    const listener = listen({ unix, socket: nothing });
    t.is(listener.unix, unix);
    t.true(fs.existsSync(unix));
    stop(listener);
    t.false(fs.existsSync(unix));
    t.is(listener.unix, unix);
  }
});

notOnWindows('a connect that fails has the code of the system', async (t) => {
  const inside = folder(t);
  const attempt = (unix) => connect({ unix, socket: nothing });
  fs.writeFileSync(inside('file'), '');
  fs.symlinkSync(inside('loop'), inside('loop'));
  await t.throwsAsync(attempt(inside('file/s')), { code: 'ENOTDIR' });
  await t.throwsAsync(attempt(inside('loop')), { code: 'ELOOP' });
  if (process.platform !== 'linux') return;
  const server = net.createServer((socket) => socket.destroy()).listen({ path: inside('s'), backlog: 1 });
  t.teardown(() => server.close());
  await once(server, 'listening');
  // Nobody accepts before this turn is over.
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => attempt(inside('s'))));
  t.is(outcomes.at(-1).reason?.code, 'EAGAIN');
});

notOnWindows('an existing path is never removed', (t) => {
  const at = folder(t);
  fs.writeFileSync(at('file'), 'kept');
  const error = t.throws(() => listen({ unix: at('file'), socket: nothing }), { code: 'EADDRINUSE' });
  t.like(error, { syscall: 'listen', address: at('file') });
  t.is(error.port, undefined);
  t.is(fs.readFileSync(at('file'), 'utf8'), 'kept');
  t.throws(() => listen({ unix: at('none/s'), socket: nothing }), { code: 'ENOENT' });
  t.throws(() => listen({ unix: at('x'.repeat(120)), socket: nothing }), { code: 'EINVAL' });
});

notOnWindows('a path that leads nowhere', async (t) => {
  const at = folder(t);
  fs.writeFileSync(at('file'), '');
  await t.throwsAsync(connect({ unix: at('none'), socket: nothing }), {
    code: 'ENOENT',
    message: 'Failed to connect',
  });
  await t.throwsAsync(connect({ unix: at('file'), socket: nothing }), { code: 'ECONNREFUSED' });
  await t.throwsAsync(connect({ unix: at('x'.repeat(120)), socket: nothing }), { code: 'EINVAL' });
});

notOnWindows('prefixes, and no addresses', async (t) => {
  const unix = folder(t)('s');
  const { listener, observer } = serve(t, {}, { unix: `unix://${unix}` });
  t.is(listener.unix, unix);
  t.is(listener.port, undefined);
  t.is(listener.hostname, undefined);
  for (const prefix of ['unix://', 'file://', 'sock://']) {
    const { socket } = await dial(t, { unix: prefix + unix });
    for (const name of ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'localFamily']) {
      t.is(socket[name], undefined, name);
    }
    t.is(socket.setKeepAlive(true), true);
    t.is(socket.setKeepAlive(true, 1000), false);
    t.is(socket.setTypeOfService(8), -22);
  }
  await observer.seen('open', 3);
});

notOnWindows('what a killed server leaves behind refuses', async (t) => {
  const unix = folder(t)('s');
  const { child, ended } = program(`
    import { listen } from 'bun-sockets';
    listen({ unix: ${JSON.stringify(unix)}, socket: { data() {} } });
    console.log('listening');
  `);
  await firstLine(child);
  child.kill('SIGKILL');
  await ended;
  t.true(fs.existsSync(unix));
  await t.throwsAsync(connect({ unix, socket: nothing }), { code: 'ECONNREFUSED' });
  t.throws(() => listen({ unix, socket: nothing }), { code: 'EADDRINUSE' });
});

onLinux('abstract names', async (t) => {
  const unix = `\0bun-sockets-test-${process.pid}`;
  const { listener, target, observer } = serve(t, {}, { unix });
  t.is(listener.unix, unix);
  const { socket } = await dial(t, target);
  socket.end('abstract');
  await observer.seen('close');
  t.is(observer.text, 'abstract');
  t.throws(() => listen({ unix, socket: nothing }), { code: 'EADDRINUSE' });
  listener.stop();
  listen({ unix, socket: nothing }).stop();
});

(process.platform === 'win32' ? test : test.skip)('on Windows there are none', async (t) => {
  const unix = folder(t)('s');
  t.throws(() => listen({ unix, socket: nothing }), { code: 'ENOTSUP', message: `Failed to listen at ${unix}` });
  await t.throwsAsync(connect({ unix, socket: nothing }), { code: 'ENOTSUP', message: 'Failed to connect' });
});
