// Starting the servers, and talking to them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

/** In the order of tables and plots. */
export const serverNames = ['ours', 'bun', 'node', 'bare'];

const startLimit = 10_000;
const reportLimit = 5_000;
const nodePrograms = { tcp: 'net.mjs', tls: 'tls.mjs', udp: 'dgram.mjs' };

/**
 * @typedef {object} Programs
 * @property {string} node
 * @property {string} bun
 * @property {string} loadGenerator
 * @property {string} entry the package's index.js
 * @property {Record<string, {certificate: string, key: string}>} certificates by kind of key
 */

/** One running server. */
export class Server {
  #process;
  #waiting = [];

  /** @param {string} name */
  constructor(name, process, port) {
    this.name = name;
    this.port = port;
    this.#process = process;
    process.lines.on('line', (line) => {
      if (line.startsWith('{')) this.#waiting.shift()?.(JSON.parse(line));
    });
    process.on('exit', () => {
      for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    });
  }

  /**
   * @param {string} name
   * @param {import('./measures.mjs').Measure} measure
   * @param {Programs} programs
   * @returns {Promise<Server>} listening
   */
  static async start(name, measure, programs) {
    const { command, environment } = commandOf(name, measure, programs);
    const process_ = spawn(command[0], command.slice(1), {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // A server that died takes no orders; that it died is seen where its answer is missing.
    process_.stdin.on('error', () => {});
    process_.lines = readline.createInterface({ input: process_.stdout });
    const limit = AbortSignal.timeout(startLimit);
    try {
      const [line] = await Promise.race([
        once(process_.lines, 'line', { signal: limit }),
        once(process_, 'exit', { signal: limit }).then(([code]) => {
          throw new Error(`it ended with ${code}`);
        }),
      ]);
      return new Server(name, process_, Number(line.replace('listening ', '')));
    } catch (error) {
      process_.kill('SIGKILL');
      throw new Error(`server ${name} of ${measure.name} did not start: ${error.message}`, { cause: error });
    }
  }

  get pid() {
    return this.#process.pid;
  }

  get running() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Starts the server's counters from zero. */
  reset() {
    this.#order('reset');
  }

  /** Starts the measurement of the loop delay. */
  measuring() {
    this.#order('measuring');
  }

  /** @returns {Promise<object | undefined>} the server's counters; undefined when it does not answer */
  async report() {
    if (!this.running) return undefined;
    this.#order('report');
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, reportLimit);
      this.#waiting.push((answer) => {
        clearTimeout(limit);
        resolve(answer);
      });
    });
  }

  async stop() {
    if (!this.running) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  #order(text) {
    this.#process.stdin.write(`${text}\n`);
  }
}

/**
 * @param {string} name
 * @param {import('./measures.mjs').Measure} measure
 * @param {string} nodeVersion
 * @returns {boolean} whether the server can do what the measure asks
 */
export function takesPart(name, { workers = 0 }, nodeVersion) {
  // A bare server of several threads would be another program; one thread is the limit that we compare with.
  if (name === 'bare') return workers === 0;
  // node:net has `reusePort` since 22.12.
  const [major, minor] = nodeVersion.split('.').map(Number);
  return name !== 'node' || workers <= 1 || major > 22 || (major === 22 && minor >= 12);
}

function commandOf(name, measure, programs) {
  const { certificate, key } = programs.certificates[measure.key] ?? {};
  if (name === 'bare') {
    const files = measure.key ? ['--certificate', certificate, '--key', key] : [];
    return { command: [programs.loadGenerator, `server-${measure.service}`, ...files], environment: {} };
  }
  const options = [
    measure.service,
    ...(measure.key ? ['--tls'] : []),
    ...(measure.loopDelay ? ['--loop-delay'] : []),
    ...(measure.workers ? ['--workers', String(measure.workers)] : []),
  ];
  const [runtime, file] = {
    ours: [programs.node, 'ours.mjs'],
    bun: [programs.bun, 'bun.mjs'],
    node: [programs.node, nodePrograms[measure.protocol]],
  }[name];
  const program = fileURLToPath(new URL(`servers/${file}`, import.meta.url));
  return {
    command: [runtime, program, ...options],
    environment: { BENCH_ENTRY: programs.entry, BENCH_CERTIFICATE: certificate ?? '', BENCH_KEY: key ?? '' },
  };
}
