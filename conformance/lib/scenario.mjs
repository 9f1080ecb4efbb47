// Runs one scenario, or one of its exports, in this process: scenario.mjs FILE [EXPORT JSON-ARGUMENTS]
// Without BUN_SOCKETS_UNDER_TEST the runtime's own globalThis.Bun is used.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Actor, LIMIT_MS } from './actor.mjs';
import { describe, stable, standIn } from './describe.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const [file, exported = 'default', args = '[]'] = process.argv.slice(2);
const { BUN_SOCKETS_UNDER_TEST: underTest, SCENARIO_NODE: node, SCENARIO_TMP: folder } = process.env;

const api = underTest ? await import(pathToFileURL(underTest).href) : globalThis.Bun;
const main = Actor.of('main');
standIn(folder, 'tmp');

/** Lines of a child's output as they come. */
function eachLine(stream, use) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) use(line);
  });
}

const children = new Set();
process.on('exit', () => {
  Actor.flush();
  for (const child of children) child.kill('SIGKILL');
});

function start(command, commandArgs, stderr = 'inherit') {
  const child = spawn(command, commandArgs, {
    stdio: ['pipe', 'pipe', stderr],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  children.add(child);
  child.stdin.on('error', () => {}); // the child may be gone already
  child.exited = new Promise((resolve) => {
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    });
  });
  return child;
}

/**
 * A raw peer under the name of an actor. `listen: true` for a server on loopback (then await `.port()`), or `connect: {port}` or
 * `{path}`. Its methods are the commands of raw-peer.mjs.
 */
function raw(name, options) {
  const actor = Actor.of(name);
  const child = start(node, [
    path.join(here, 'raw-peer.mjs'),
    JSON.stringify({ listen: { host: '127.0.0.1', port: 0 }, ...options }),
  ]);
  let port;
  eachLine(child.stdout, (line) => {
    const [kind, text] = line.split('\t');
    if (kind === 'port') {
      port = Number(text);
      standIn(port, `${name} port`);
    } else if (kind === 'received' || kind === 'data') {
      actor.bytes = Number(text);
    } else {
      actor.say(text);
    }
    actor.happened(kind === 'say' ? text.split(' ')[0] : kind);
  });
  const tell = (command) => child.stdin.write(`${JSON.stringify(command)}\n`);
  return {
    actor,
    seen: (event, times) => actor.seen(event, times),
    port: async () => {
      await actor.seen('port');
      return port;
    },
    write: (text) => tell({ do: 'write', text }),
    fill: (size) => tell({ do: 'fill', size }),
    end: (text) => tell({ do: 'end', text }),
    reset: () => tell({ do: 'reset' }),
    destroy: () => tell({ do: 'destroy' }),
    pause: () => tell({ do: 'pause' }),
    resume: () => tell({ do: 'resume' }),
    total: () => tell({ do: 'total' }),
    kill: () => child.kill('SIGKILL'),
    /** Waits until the peer has said all it has to say. */
    leave: async () => {
      child.stdin.end();
      await child.exited;
    },
  };
}

/** Another export of this scenario in a process of its own, same runtime. Its lines join this trace under `name`. */
function subprocess(name, exportName, ...exportArgs) {
  const child = start(
    process.execPath,
    [fileURLToPath(import.meta.url), file, exportName, JSON.stringify(exportArgs)],
    'ignore',
  );
  const actor = Actor.of(name);
  eachLine(child.stdout, (line) => {
    const [, text] = line.split('\t');
    if (!text.startsWith('#')) actor.say(text);
    actor.happened(text.split(' ')[0]);
    actor.last = text;
  });
  return {
    child,
    actor,
    seen: (event, times) => actor.seen(event, times),
    kill: (signal = 'SIGKILL') => child.kill(signal),
    /** Ends by itself within the limit? Says how. */
    async exits(ms = LIMIT_MS) {
      child.stdin.end();
      let timer;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      const outcome = await Promise.race([child.exited, late]);
      clearTimeout(timer);
      actor.say(outcome ? `exits with ${outcome.signal ?? outcome.code}` : 'goes on running');
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

const stage = {
  connect: api.connect,
  listen: api.listen,
  udpSocket: api.udpSocket,
  main,
  actor: (name) => Actor.of(name),
  describe,
  raw,
  process: subprocess,
  folder,
  LIMIT_MS,
  path: (name) => path.join(folder, name),
  certificate: (name) => fs.readFileSync(path.join(here, '..', 'certificates', name), 'utf8'),
  standIn,
  stable,
  /** A listener on a free port of 127.0.0.1 with the recording handlers of `name`. */
  serve(name, { handlers, ...options } = {}) {
    const listener = api.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: Actor.of(name).handlers(handlers),
      ...options,
    });
    if (listener.port !== undefined) standIn(listener.port, 'port');
    return listener;
  },
  /** Where `listener` listens, as options of `connect`: a unix path, or a port of 127.0.0.1. */
  target(listener) {
    return listener.unix ? { unix: listener.unix } : { hostname: '127.0.0.1', port: listener.port };
  },
  /** A client of `listener` with the recording handlers of `name`. */
  dial(name, listener, { handlers, ...options } = {}) {
    const socket = Actor.of(name).handlers(handlers);
    return api.connect({ ...stage.target(listener), socket, ...options });
  },
  /** Both ends of a fresh connection, opened. */
  async pair({ server = {}, client = {} } = {}) {
    const listener = stage.serve('server', server);
    const near = await stage.dial('client', listener, client);
    await Actor.of('server').seen('open');
    return { listener, near, far: Actor.of('server').socket };
  },
  /** Lets the event loop turn `n` times: long enough for what is already on its way over the loopback. */
  async turns(n = 30) {
    for (let i = 0; i < n; i++) await new Promise((resolve) => setTimeout(resolve, 2));
  },
};

process.on('uncaughtException', (error) => main.say('uncaughtException', error));
process.on('unhandledRejection', (error) => main.say('unhandledRejection', error));

const scenario = await import(pathToFileURL(path.resolve(file)).href);
if (exported === 'default') {
  try {
    await scenario.default(stage);
  } catch (error) {
    main.say('the scenario failed:', error);
    process.exitCode = 1;
  }
  process.exit();
} else {
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');
  await scenario[exported](stage, ...JSON.parse(args));
}
