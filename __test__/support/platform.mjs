// What differs between platforms.

import { getSystemErrorMap } from 'node:util';
import test from 'ava';

/** A test of what Windows does not have. */
export const notOnWindows = process.platform === 'win32' ? test.skip : test;

/** The number of a system error such as `ECONNRESET`, negative as in `error.errno`. */
export const errnoOf = (code) => [...getSystemErrorMap()].find(([, [name]]) => name === code)[0];
