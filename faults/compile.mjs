// The machine's C compiler, for what Node cannot do.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Why nothing can be compiled here, or undefined. */
export const noCompiler = spawnSync('cc', ['--version']).status === 0 ? undefined : 'a C compiler named cc is missing';

/**
 * Compiles a source into a temporary folder of its own, removed at exit.
 * @param {string} source its path from this folder
 * @param {string[]} flags
 * @returns the result, and the folder
 */
export function compile(source, flags = []) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bs-faults-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, path.basename(source, '.c'));
  const { status, stderr } = spawnSync(
    'cc',
    ['-O2', '-Wall', '-Wextra', '-Werror', '-o', file, fileURLToPath(new URL(source, import.meta.url)), ...flags],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${source} could not be built: ${stderr}`);
  return { file, folder };
}
