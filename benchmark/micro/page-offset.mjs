// What it costs the kernel to copy 64 KiB to memory that begins so many bytes behind a page, from memory that begins at one.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measure } from './measure.mjs';

const { PAGE, pageStart } = createRequire(import.meta.url)('../../lib/native.js');
const LENGTH = 64 * 1024;
const CALLS = 50;

const folder = mkdtempSync(path.join(tmpdir(), 'page-offset-'));
const file = openSync(path.join(folder, 'bytes'), 'w+');
writeSync(file, Buffer.alloc(LENGTH, 'a'));
for (const offset of [0, 8, 16, 24, 32, 48, 64, 2048]) {
  const memory = new Uint8Array(LENGTH + PAGE + offset);
  const start = pageStart(memory) + offset;
  const sample = () => {
    const began = performance.now();
    for (let call = 0; call < CALLS; call += 1) readSync(file, memory, start, LENGTH, 0);
    return performance.now() - began;
  };
  await measure(`64 KiB to ${offset} bytes behind a page`, { calls: CALLS, sample });
}
closeSync(file);
rmSync(folder, { recursive: true });
