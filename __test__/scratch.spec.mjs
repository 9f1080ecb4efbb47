// The memory that the native half receives into (`lib/engine.js`).

import { createRequire } from 'node:module';
import test from 'ava';

const require = createRequire(import.meta.url);

test('it begins at a page, and is as long as the largest event', (t) => {
  const { READ_LIMIT, scratch } = require('../lib/engine.js');
  const { pageStart } = require('../lib/native.js');
  t.is(pageStart(scratch), 0);
  t.is(pageStart(scratch.subarray(1)), 4095);
  t.is(scratch.length, READ_LIMIT);
});
