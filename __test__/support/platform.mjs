// What differs between platforms.

import { getSystemErrorMap } from 'node:util';
import test from 'ava';

/** A test of what Windows does not have. */
export const notOnWindows = process.platform === 'win32' ? test.skip : test;

/** A test of what only Linux has, or tells. */
export const onLinux = process.platform === 'linux' ? test : test.skip;

/** A test that needs more than one address of the loopback interface: macOS has one, unless it is given others. */
export const withLoopbacks = process.platform === 'darwin' ? test.skip : test;

/** The number of a system error such as `ECONNRESET`, negative as in `error.errno`. */
export const errnoOf = (code) => [...getSystemErrorMap()].find(([, [name]]) => name === code)[0];
