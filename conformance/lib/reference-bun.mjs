// The real Bun, from npm, in a folder of the system's temporary files.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const BUN_VERSION = '1.4.5';

export function referenceBun() {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const name = `@oven/bun-${process.platform === 'win32' ? 'windows' : process.platform}-${arch}`;
  const folder = path.join(os.tmpdir(), `bun-sockets-reference-${BUN_VERSION}`);
  const binary = path.join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun');
  if (!fs.existsSync(binary)) {
    console.log(`Fetching ${name}@${BUN_VERSION} from npm ...`);
    fs.mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${BUN_VERSION}`];
    const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
    if (status !== 0) throw new Error(`npm could not install ${name}@${BUN_VERSION}`);
  }
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (stdout?.trim() !== BUN_VERSION) throw new Error(`${binary} is not Bun ${BUN_VERSION} but ${stdout?.trim()}`);
  return binary;
}
