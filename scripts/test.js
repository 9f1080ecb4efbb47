'use strict';

// npm test: builds what is missing or old, then runs every suite to its end, whatever failed before.
// The last line is "N passed, N failed", counted from what the suites themselves report.
//   node scripts/test.js [rust|behaviour|conformance|types ...]

const { spawn } = require('node:child_process');
const path = require('node:path');
const { buildIfNeeded } = require('./build.js');
const { root } = require('./tools.js');

/** The numbers of all matches of a pattern in a text, added up. */
const sum = (text, pattern) => [...text.matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0);

const node = (script, ...args) => [process.execPath, [path.join('node_modules', script), ...args]];

const SUITES = {
  rust: {
    title: 'Rust tests',
    command: ['cargo', ['test', '--locked', '--all-targets', '--', '--color=never']],
    count: (output) => ({
      passed: sum(output, /^test result: .*? (\d+) passed;/gm),
      failed: sum(output, /^test result: .*? (\d+) failed;/gm),
    }),
  },
  behaviour: {
    title: 'Behaviour tests',
    command: node('ava/entrypoints/cli.mjs', '--tap'),
    count: (output) => ({ passed: sum(output, /^# pass (\d+)$/gm), failed: sum(output, /^# fail (\d+)$/gm) }),
  },
  conformance: {
    title: 'Conformance with real Bun',
    command: [process.execPath, ['conformance/run.mjs']],
    count: (output) => ({
      passed: sum(output, /^(\d+) passed,/gm),
      failed: sum(output, /^\d+ passed, (\d+) failed$/gm),
    }),
  },
  types: {
    title: 'Types',
    command: ['npm', ['run', '--silent', 'typecheck']],
    count: (output, ok) => ({
      passed: ok ? 1 : 0,
      failed: ok ? 0 : Math.max(1, output.match(/error TS/g)?.length ?? 0),
    }),
  },
};

function run([command, args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', (error) => console.error(error.message));
    child.on('close', (code) => resolve({ output, ok: code === 0 }));
  });
}

async function main(names) {
  buildIfNeeded();
  const total = { passed: 0, failed: 0 };
  const summary = [];
  for (const name of names) {
    const { title, command, count } = SUITES[name];
    console.log(`\n== ${title}`);
    const started = Date.now();
    const { output, ok } = await run(command);
    const { passed, failed } = count(output, ok);
    // A suite that fails without a failed test, or passes without any test, did not run as it should.
    const broken = failed === 0 && (!ok || passed === 0) ? 1 : 0;
    total.passed += passed;
    total.failed += failed + broken;
    const note = broken ? ' - did not run to its end' : '';
    summary.push(
      `${title}: ${passed} passed, ${failed + broken} failed, ${Math.round((Date.now() - started) / 1000)} s${note}`,
    );
  }
  console.log(`\n${summary.join('\n')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

main(process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SUITES));
