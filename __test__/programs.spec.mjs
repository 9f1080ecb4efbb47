// Whole Bun programs, unchanged: what they print was recorded on real Bun (conformance/programs.mjs --record).

import fs from 'node:fs';
import test from 'ava';
import { NAMES, REGISTER, recorded, run } from '../conformance/programs.mjs';
import { notOnWindows } from './support/platform.mjs';

/** Programs with unix sockets, which Windows does not have. */
const WITH_UNIX_SOCKETS = ['errors', 'reload'];

for (const name of NAMES) {
  (WITH_UNIX_SOCKETS.includes(name) ? notOnWindows : test)(`${name} prints what it prints on Bun`, (t) => {
    t.is(run(name, process.execPath, REGISTER), fs.readFileSync(recorded(name), 'utf8'));
  });
}
