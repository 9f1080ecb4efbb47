// npm run test:e2e: the packed package in projects that use it as users do, with the test runner of each.
//   node e2e/run.mjs [jest|vitest|ava|deno|bun ...]
// Fetches the runners, Deno and Bun from npm into the system's temp folder; nothing is left behind.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { referenceBun } from '../conformance/lib/reference-bun.mjs';
import { NAMES, recorded, run as runProgram } from '../conformance/programs.mjs';

const { npm, packMain, packPlatform } = createRequire(import.meta.url)('../scripts/packed.js');

const here = fileURLToPath(new URL('.', import.meta.url));
/** How many test files each project has: they are copies of one. */
const FILES = 12;
/** A project that takes longer has failed, in milliseconds. */
const LIMIT = 120_000;

/** What is run in each project, and how a run of the watch mode ends in the output. */
const PROJECTS = {
  jest: {
    // One process for all files, then a pool of them, then worker threads.
    runs: [
      ['--runInBand'],
      ['--runInBand', '--detectOpenHandles'],
      ['--runInBand', '--env=jsdom'],
      ['--maxWorkers=2'],
      ['--maxWorkers=2', '--workerThreads'],
    ],
    watched: /Ran all test suites/g,
    file: 'sockets.test.cjs',
    oneProcess: true,
  },
  vitest: {
    runs: [['--pool=forks'], ['--pool=threads'], ['--pool=vmThreads'], ['--pool=threads', '--no-isolate']],
    watched: /Waiting for file changes/g,
    file: 'sockets.test.mjs',
  },
  ava: {
    runs: [['--worker-threads'], ['--no-worker-threads']],
    watched: /\d+ tests? passed/g,
    file: 'sockets.test.mjs',
  },
  // No test runners but other runtimes: one file, on Deno then the Bun programs of the conformance suite.
  deno: { runs: [[]], programs: true },
  bun: { runs: [[]], folder: () => path.dirname(referenceBun()) },
};

let failures = 0;
function report(title, problem) {
  console.log(`${problem ? 'not ok' : 'ok'} - ${title}${problem ? `\n${problem}` : ''}`);
  if (problem) failures++;
}

/** Runs a script of a project; `until` ends it when the output satisfies it. */
function run(folder, script, args, { env = {}, until } = {}) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script, '--', ...args], {
      cwd: folder,
      env: { ...process.env, CI: until ? '' : 'true', NODE_OPTIONS: '', FORCE_COLOR: '0', ...env },
      stdio: [until ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    let output = '';
    let done = false;
    const end = () => {
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGTERM');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(end, LIMIT);
    const heard = (text) => {
      output += text;
      if (until?.(output) && !done) {
        done = true;
        end();
      }
    };
    child.stdout.setEncoding('utf8').on('data', heard);
    child.stderr.setEncoding('utf8').on('data', heard);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ output, ok: until ? done : code === 0 });
    });
  });
}

/** Threads and descriptors of a process must not grow with the number of test files that it has run. */
function growth(file) {
  const rows = fs.readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);
  if (rows.length !== FILES) return `${rows.length} of ${FILES} files were counted`;
  const [first] = rows;
  const last = rows.at(-1);
  if (first.pid !== last.pid) return 'the files did not run in one process';
  const more = { threads: last.threads - first.threads, descriptors: last.descriptors - first.descriptors };
  // Node starts threads of its own as it goes, but not one for each file.
  return more.threads > 5 || more.descriptors > 5 ? `grown by ${JSON.stringify(more)}` : undefined;
}

/** Runs the Bun programs under Deno; gives the names of those that print something else than on Bun. */
function differing(modules) {
  const deno = path.join(modules, '.bin', process.platform === 'win32' ? 'deno.cmd' : 'deno');
  const preload = path.join(modules, 'bun-sockets', 'polyfill.mjs');
  const args = ['run', '--allow-all', '--config', path.join(modules, '..', 'deno.json'), '--preload', preload];
  const wrong = NAMES.filter((name) => runProgram(name, deno, args) !== fs.readFileSync(recorded(name), 'utf8'));
  return wrong.length > 0 ? `not as on Bun: ${wrong}` : undefined;
}

async function project(name, tarballs, temp) {
  const { runs, watched, file, oneProcess, programs, folder: commands } = PROJECTS[name];
  const folder = path.join(temp, name);
  fs.cpSync(path.join(here, name), folder, { recursive: true });
  fs.copyFileSync(path.join(here, 'shared', 'exercise.cjs'), path.join(folder, 'exercise.cjs'));
  for (const file of ['authority.pem', 'server-ec.pem', 'server-ec-key.pem']) {
    fs.copyFileSync(path.join(here, '..', 'conformance', 'certificates', file), path.join(folder, file));
  }
  try {
    npm(['install', '--no-audit', '--no-fund', ...tarballs], folder);
  } catch (error) {
    report(`${name}: install`, error.stderr ?? error.message);
    return;
  }
  for (let i = 1; i < FILES && file; i++)
    fs.copyFileSync(path.join(folder, file), path.join(folder, `more-${i}-${file}`));

  for (const [i, args] of runs.entries()) {
    const counts = path.join(temp, `${name}-${i}`);
    const { ok, output } = await run(folder, 'test', args, {
      env: { COUNTS: counts, ...(commands && { PATH: commands() + path.delimiter + process.env.PATH }) },
    });
    report([name, ...args].join(' '), ok && !/open handles? /.test(output) ? undefined : output);
    if (ok && oneProcess && i === 0 && process.platform === 'linux') report(`${name}: no growth`, growth(counts));
  }

  if (programs) report(`${name}: Bun programs`, differing(path.join(folder, 'node_modules')));
  if (!watched) return;
  let touched = false;
  const { ok, output } = await run(folder, 'watch', [], {
    until(text) {
      const count = text.match(watched)?.length ?? 0;
      if (count > 0 && !touched) {
        touched = true;
        setTimeout(() => fs.appendFileSync(path.join(folder, file), '\n'), 1000);
      }
      return count > 1;
    },
  });
  report(`${name}: watch mode runs again after a change`, ok && !/\bfailed\b/i.test(output) ? undefined : output);
}

const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-e2e-'));
try {
  const platform = packPlatform(temp);
  if (platform === undefined) throw new Error('The addon is not built: npm run build');
  const tarballs = [packMain(temp).tarball, platform.tarball];
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PROJECTS)) {
    await project(name, tarballs, temp);
  }
} finally {
  fs.rmSync(temp, { recursive: true });
}
console.log(`${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
