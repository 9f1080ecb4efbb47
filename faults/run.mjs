// Runs a program under faults: builds the shim with the machine's C compiler, preloads it, and reports what was injected.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, noCompiler } from './compile.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Why there can be no faults here, or undefined. */
export const unavailable =
  process.platform === 'linux' ? noCompiler : 'faults are injected with LD_PRELOAD, on Linux only';

/** Builds the shim into a folder of its own, removed at exit. */
export function buildShim() {
  const { file, folder } = compile('shim.c', ['-shared', '-fPIC', '-ldl', '-lpthread']);
  let n = 0;
  return { library: file, name: (suffix) => path.join(folder, `${n++}.${suffix}`) };
}

/**
 * Runs the traffic of `traffic.mjs` under faults.
 * @returns what the program printed, how it ended, and how often each call was made and failed
 */
export async function traffic(shim, faults, { transport = 'tcp', connections = 4, bytes = 100_000 } = {}) {
  const options = { transport, connections, bytes, unix: shim.name('sock') };
  return { ...(await runUnder(shim, faults, 'traffic.mjs', options)), bytes, connections };
}

/**
 * Runs a program of this folder under faults, with `options` as its argument.
 * @returns the JSON it printed as `result`, how it ended, and how often each call was made and failed
 */
export function runUnder(shim, faults, script, options, limit = 30_000) {
  const report = shim.name('report');
  const child = spawn(process.execPath, [path.join(here, script), JSON.stringify(options)], {
    cwd: path.join(here, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', LD_PRELOAD: shim.library, FAULTS: faults, FAULTS_REPORT: report },
  });
  let out = '';
  let err = '';
  let late = false;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limit);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      let result;
      try {
        result = JSON.parse(out);
      } catch {
        result = undefined;
      }
      resolve({ result, out, err, code, signal, late, calls: late ? {} : read(report) });
    });
  });
}

function read(report) {
  if (!fs.existsSync(report)) return {};
  const lines = fs.readFileSync(report, 'utf8').trim().split('\n').filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => {
      const [name, made, injected] = line.split(' ');
      return [name, { made: Number(made), injected: Number(injected) }];
    }),
  );
}

/** Complaints about a run; none if all is as it must be, whatever failed. */
export function judge(run, faults, { harmless, codes = [] }) {
  const complaints = [];
  const say = (text) => complaints.push(text);
  if (run.late) return ['it did not end'];
  if (run.code !== 0 || run.result === undefined) return [`exit ${run.code ?? run.signal}: ${run.err || run.out}`];
  const call = faults.split(':')[0];
  if (!(run.calls[call]?.injected > 0)) say(`nothing was injected into ${call}: ${JSON.stringify(run.calls)}`);
  const { result } = run;
  if ('listen' in result) {
    if (harmless || !codes.includes(result.listen)) say(`listen failed with ${result.listen}`);
    return complaints;
  }
  const { clients, servers, failed } = result;
  if (clients.length + failed.length !== run.connections) {
    say(`${clients.length} connections and ${failed.length} failures are not ${run.connections}`);
  }
  for (const [side, ends] of Object.entries({ client: clients, server: servers })) {
    for (const end of ends) {
      if (end.closes !== 1) say(`a ${side} was told ${end.closes} times of its close: ${JSON.stringify(end)}`);
      if (end.intact === false) say(`a ${side} got other bytes than were sent`);
      if (end.error !== null && (harmless || ![...codes, 'ECONNRESET', 'EPIPE'].includes(end.error))) {
        say(`a ${side} was closed with ${end.error}`);
      }
      if (harmless && (end.sent !== run.bytes || end.received !== run.bytes)) {
        say(`a ${side} sent ${end.sent} and received ${end.received} of ${run.bytes}`);
      }
    }
  }
  if (harmless && clients.length !== run.connections) say(`only ${clients.length} connected: ${failed}`);
  for (const code of failed) {
    if (!codes.includes(code) && code !== 'ECONNRESET') say(`a connect failed with ${code}`);
  }
  const unharmed = (end) => end.received === run.bytes && end.error === null && !end.refused;
  if (!harmless && !codes.includes('nothing') && failed.length === 0 && [...clients, ...servers].every(unharmed)) {
    say('the fault showed nowhere');
  }
  return complaints;
}
