'use strict';

// npm run torture -- memory: tools that watch every access to memory.
//
// AddressSanitizer, for which Rust must be a nightly one: the core's tests, and the addon inside Node.js.
// valgrind: the core's tests, and the addon inside Node.js, of which only the errors count that have the addon in their stack: a garbage
// collector reads what valgrind cannot understand. Memory that nothing points to any more at the end counts as well, except what
// napi-rs and the C library allocate once for each environment and thread.
//
// What is missing on a machine is not tried, and said. Returns whether all that was tried holds.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { root } = require('./tools.js');

const SCRIPT = path.join('faults', 'everything.mjs');
/**
 * Allocated in these functions, memory is not ours to free: napi-rs's references to its classes, one for each environment, and what
 * glibc keeps for a thread that has looked up a name.
 */
const NOT_OURS = /<kind>Leak_.*<fn>(napi_register_module_v1|__res_vinit)<\/fn>/s;
/** Of the core's tests, those whose work is in memory: valgrind runs one thread at a time, some fifty times slower. */
const UNDER_VALGRIND = [
  'stream::',
  'secure::',
  'udp::',
  'replies::',
  'reactor::',
  'slab::',
  'sys::',
  'tls::',
  'address::',
];
/** Of these, one that measures fractions of a millisecond. */
const TOO_SLOW = 'replies_to_a_batch_wait_for_its_last_datagram';

function call(command, args, { env, ...options } = {}) {
  return spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    ...options,
  });
}

const works = (command, ...args) => call(command, args).status === 0;

/** What tests of Rust say at their ends, added up. */
const passed = (text) =>
  [...text.matchAll(/^test result: .*? (\d+) passed;/gm)].reduce((sum, [, count]) => sum + Number(count), 0);

const host = () => /^host: (.+)$/m.exec(call('rustc', ['-vV']).stdout)[1];

/** Runs Cargo with a target directory of its own, instrumented. */
function instrumented(args, rest = []) {
  const target = ['--target', host(), '--target-dir', path.join('target', 'asan')];
  return call('cargo', ['+nightly', ...args, '--locked', ...target, ...rest], {
    env: { RUSTFLAGS: '-Zsanitizer=address' },
  });
}

const noNightly = () =>
  works('cargo', '+nightly', '--version') ? undefined : 'a nightly toolchain of Rust is missing';
const noValgrind = () => (works('valgrind', '--version') ? undefined : 'valgrind is missing');

/** The sanitizer's runtime for a process that was not built with it: GCC has it as a library of its own. */
function asanLibrary() {
  const { stdout, status } = call('cc', ['-print-file-name=libasan.so']);
  const file = stdout?.trim();
  return status === 0 && path.isAbsolute(file) ? fs.realpathSync(file) : undefined;
}

const CHECKS = [
  {
    name: 'AddressSanitizer: the core’s tests',
    missing: noNightly,
    run() {
      // Not loom's: it changes stacks behind the sanitizer's back.
      const { status, stdout, stderr } = instrumented(['test', '--lib', '--tests'], ['--', '--skip', 'wake::']);
      return { ok: status === 0 && passed(stdout) > 0, says: `${passed(stdout)} tests`, text: stdout + stderr };
    },
  },
  {
    name: 'AddressSanitizer: the addon in Node.js',
    missing: () => noNightly() ?? (asanLibrary() ? undefined : 'libasan.so, of GCC, is missing'),
    run() {
      const built = instrumented(['build', '--lib']);
      if (built.status !== 0) return { ok: false, text: built.stderr };
      const addon = path.join(root, 'target', 'asan', 'bun-sockets-asan.node');
      fs.copyFileSync(path.join(root, 'target', 'asan', host(), 'debug', 'libbun_sockets.so'), addon);
      const { status, signal, stdout, stderr } = call(process.execPath, [SCRIPT], {
        env: {
          NAPI_RS_NATIVE_LIBRARY_PATH: addon,
          LD_PRELOAD: asanLibrary(),
          // Node.js itself leaves memory to the end of the process.
          ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=86',
        },
        timeout: 300_000,
      });
      return { ok: status === 0, says: stdout.trim(), text: `${signal ?? status}\n${stdout}${stderr}` };
    },
  },
  {
    name: 'valgrind: the core’s tests',
    missing: noValgrind,
    run() {
      const built = call('cargo', ['test', '--locked', '--lib', '--no-run', '--message-format=json']);
      const binary = built.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
        .find(({ reason, executable }) => reason === 'compiler-artifact' && executable)?.executable;
      if (binary === undefined) return { ok: false, text: built.stderr };
      const options = [
        '--error-exitcode=86',
        '--leak-check=full',
        '--errors-for-leak-kinds=definite',
        '--fair-sched=yes',
      ];
      const { status, stdout, stderr } = call(
        'valgrind',
        [...options, binary, '--test-threads=1', '--skip', TOO_SLOW, ...UNDER_VALGRIND],
        {
          timeout: 550_000,
        },
      );
      const summary = /ERROR SUMMARY: .*/.exec(stderr)?.[0];
      return {
        ok: status === 0 && passed(stdout) > 0,
        says: `${passed(stdout)} tests, ${summary}`,
        text: stdout + stderr,
      };
    },
  },
  {
    name: 'valgrind: the addon in Node.js',
    missing: noValgrind,
    run() {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bs-memory-'));
      const file = path.join(folder, 'errors.xml');
      try {
        const options = [
          '--xml=yes',
          `--xml-file=${file}`,
          '--error-limit=no',
          '--leak-check=full',
          '--show-leak-kinds=definite',
          '--num-callers=40',
          '--smc-check=all-non-file',
          '--fair-sched=yes',
        ];
        const { status, signal, stdout, stderr } = call(
          'valgrind',
          [...options, process.execPath, '--jitless', SCRIPT],
          {
            timeout: 550_000,
          },
        );
        const errors = fs.readFileSync(file, 'utf8').match(/<error>.*?<\/error>/gs) ?? [];
        const ours = errors.filter((error) => /<obj>[^<]*\.node<\/obj>/.test(error) && !NOT_OURS.test(error));
        return {
          ok: status === 0 && ours.length === 0,
          says: `${stdout.trim()}; ${errors.length} errors, ${ours.length} of them the addon’s`,
          text: `${signal ?? status}\n${stderr}\n${ours.slice(0, 20).join('\n')}`,
        };
      } finally {
        fs.rmSync(folder, { recursive: true, force: true });
      }
    },
  },
];

/** @param {string} [only] part of the names of the checks to run */
function checkMemory(only = '') {
  let ok = true;
  for (const { name, missing, run } of CHECKS.filter((check) => check.name.includes(only))) {
    if (process.platform !== 'linux') {
      console.log(`${name}: not tried: on Linux only`);
      continue;
    }
    const complaint = missing();
    if (complaint !== undefined) {
      console.log(`${name}: not tried: ${complaint}`);
      continue;
    }
    const started = Date.now();
    const result = run();
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`${name}: ${result.ok ? 'holds' : 'FAILED'}, ${seconds} s${result.says ? `; ${result.says}` : ''}`);
    if (!result.ok) {
      console.log(result.text);
      ok = false;
    }
  }
  return ok;
}

module.exports = { checkMemory };

if (require.main === module && !checkMemory(process.argv[2])) process.exitCode = 1;
