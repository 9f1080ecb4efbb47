// Programs in processes of their own.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LIMIT_MS } from './observe.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs the text of a module in a new Node.js process whose `import 'bun-sockets'` is this package. Resolves with what it printed and how
 * it ended: `code` null and `late` true if it had to be killed after `limit` milliseconds.
 */
export function program(
  text,
  { args = [], limit = LIMIT_MS * 3, command = process.execPath, before = [], ...options } = {},
) {
  const child = spawn(command, [...before, ...args, '--input-type=module', '-e', text], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
  });
  return { child, ended: ending(child, limit) };
}

function ending(child, limit) {
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    let late = false;
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limit);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ out, err, code, signal, late });
    });
  });
}

/** The same, when only the outcome is of interest. */
export const outcome = (text, options) => program(text, options).ended;

/** Resolves with the first line a child prints. */
export function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (more) => {
      text += more;
      if (text.includes('\n')) {
        child.stdout.off('data', onData);
        resolve(text.split('\n')[0]);
      }
    };
    child.stdout.setEncoding('utf8').on('data', onData);
    child.on('close', () => reject(new Error(`ended without a line: ${text}`)));
  });
}
