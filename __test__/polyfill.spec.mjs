import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { firstLine, outcome, program, root } from './support/processes.mjs';

/** Runs a text and gives what it prints as JSON. */
async function evaluate(t, text, options) {
  const { out, err, code } = await outcome(text, options);
  t.is(code, 0, err);
  return JSON.parse(out);
}

test('the polyfill makes globalThis.Bun with the functions', async (t) => {
  const seen = await evaluate(
    t,
    `const before = typeof Bun;
     await import('bun-sockets/polyfill');
     const sockets = await import('bun-sockets');
     console.log(JSON.stringify([before, Bun.connect === sockets.connect, Bun.listen === sockets.listen, Object.keys(globalThis).includes('Bun'), String(Bun)]));`,
  );
  t.deepEqual(seen, ['undefined', true, true, false, '[object Bun]']);
});

test('nothing that is there is replaced, and twice is as once', async (t) => {
  const seen = await evaluate(
    t,
    `const mine = () => 'mine';
     globalThis.Bun = { listen: mine, version: '0' };
     const { install, connect } = await import('bun-sockets');
     const [first, second] = [install(), install()];
     console.log(JSON.stringify([first === Bun, second === Bun, Bun.listen === mine, Bun.connect === connect, Bun.version]));`,
  );
  t.deepEqual(seen, [true, true, true, true, '0']);
});

test('require works as import does', async (t) => {
  const seen = await evaluate(
    t,
    `import { createRequire } from 'node:module';
     const require = createRequire(process.cwd() + '/');
     require('bun-sockets/polyfill');
     const api = require('bun-sockets');
     console.log(JSON.stringify([typeof Bun.listen, api.listen === Bun.listen, Object.keys(api).sort()]));`,
  );
  t.deepEqual(seen, ['function', true, ['connect', 'install', 'listen', 'pooledBuffer', 'stats', 'udpSocket']]);
});

test('Bun.file of the polyfill is a Blob of what the file holds when it is read', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'key.pem');
  fs.writeFileSync(name, 'first');
  const seen = await evaluate(
    t,
    `import fs from 'node:fs';
     import { pathToFileURL } from 'node:url';
     import 'bun-sockets/polyfill';
     const name = ${JSON.stringify(name)};
     const file = Bun.file(name);
     fs.writeFileSync(name, 'second');
     let error;
     try { Bun.file(5); } catch (e) { error = [e.name, e.code]; }
     console.log(JSON.stringify([
       file instanceof Blob, file.name === name, file.size, await file.text(), (await file.bytes()).length,
       (await file.arrayBuffer()).byteLength, await file.exists(), await Bun.file(name + 'x').exists(), Bun.file(name + 'x').size,
       await Bun.file(pathToFileURL(name)).text(), error,
     ]));`,
  );
  t.deepEqual(seen, [true, true, 6, 'second', 6, 6, true, false, 0, 'second', ['TypeError', 'ERR_INVALID_ARG_TYPE']]);
});

// Whoever opens one for reading waits for a writer.
(process.platform === 'win32' ? test.skip : test)('Bun.file of a FIFO as a certificate throws at once', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'key.pem');
  t.is(spawnSync('mkfifo', [name]).status, 0);
  const seen = await evaluate(
    t,
    `import 'bun-sockets/polyfill';
     const seen = [];
     for (const tls of [{ ca: Bun.file(${JSON.stringify(name)}) }, { ca: [Bun.file(${JSON.stringify(name)})] }]) {
       try { Bun.listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data() {} } }); } catch (e) { seen.push(e.code, e.message); }
     }
     console.log(JSON.stringify(seen));`,
  );
  const error = ['ERR_INVALID_ARG_TYPE', `TLSOptions.ca must be a regular file: ${name} is a FIFO`];
  t.deepEqual(seen, [...error, ...error]);
});

const BUN_PROGRAM = `
  import Bun, { connect, listen } from 'bun';
  import { createRequire } from 'node:module';
  const required = createRequire(import.meta.url)('bun');
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: (s, d) => void s.end(d) } });
  await connect({
    hostname: '127.0.0.1',
    port: listener.port,
    socket: {
      open: (s) => void s.write('unchanged program'),
      data: (s, d) => console.log(JSON.stringify([d.toString(), required === Bun, Bun === globalThis.Bun, listen === Bun.listen])),
    },
  });
  listener.stop();
`;

for (const [flag, specifier] of [
  ['--import', 'bun-sockets/register'],
  ['--require', 'bun-sockets/register'],
]) {
  test(`an unchanged Bun program with ${flag} ${specifier}`, async (t) => {
    const seen = await evaluate(t, BUN_PROGRAM, { args: [flag, specifier] });
    t.deepEqual(seen, ['unchanged program', true, true, true]);
  });
}

test('files on disk too, CommonJS importing ESM, outside of the package', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, 'program.mjs'), BUN_PROGRAM);
  fs.writeFileSync(path.join(folder, 'main.cjs'), "if (require('bun') !== Bun) throw 5; import('./program.mjs');");
  const { child, ended } = program('', {
    before: ['--import', pathToFileURL(path.join(root, 'register.mjs')).href, path.join(folder, 'main.cjs')],
    cwd: folder,
  });
  t.deepEqual(JSON.parse(await firstLine(child)), ['unchanged program', true, true, true]);
  t.is((await ended).code, 0);
});

(process.features.typescript ? test : test.skip)(
  'a Bun program in TypeScript, where Node.js strips types',
  async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-'));
    t.teardown(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'program.mts');
    fs.writeFileSync(
      file,
      `import { connect, listen, type Socket, type TCPSocketListener } from 'bun';
     import type { SocketHandler } from 'bun';
     interface Session { id: number }
     const handlers: SocketHandler<Session> = {
       open(socket: Socket<Session>): void { socket.data = { id: 7 }; },
       data(socket, data: Buffer) { socket.end(\`\${socket.data.id} \${data}\`); },
     };
     const server: TCPSocketListener<Session> = listen<Session>({ hostname: 'localhost', port: 0, socket: handlers, data: { id: 0 } });
     const data = (_socket: Socket, data: Buffer): void => console.log(data.toString());
     const socket = await connect({ hostname: 'localhost', port: server.port, socket: { data, close: () => server.stop() } });
     socket.write('typed' as string);`,
    );
    const { out, err, code } = await program('', {
      before: ['--disable-warning=ExperimentalWarning', '--import', path.join(root, 'register.mjs'), file],
      cwd: folder,
    }).ended;
    t.is(code, 0, err);
    t.is(out, '7 typed\n');
  },
);

test('worker threads inherit it', async (t) => {
  const seen = await evaluate(
    t,
    `import { Worker } from 'node:worker_threads';
     // The options of the command line are inherited, and so this is a module too.
     const text = \`
       import { createRequire } from 'node:module';
       import { parentPort } from 'node:worker_threads';
       import Bun from 'bun';
       parentPort.postMessage([Bun === globalThis.Bun, createRequire(import.meta.url)('bun') === Bun]);
     \`;
     new Worker(text, { eval: true }).on('message', (m) => console.log(JSON.stringify(m)));`,
    { args: ['--import', 'bun-sockets/register'] },
  );
  t.deepEqual(seen, [true, true]);
});

test('without register there is no module "bun"', async (t) => {
  const { code, err } = await outcome("import 'bun';");
  t.is(code, 1);
  t.regex(err, /ERR_MODULE_NOT_FOUND/);
});
