// Which events find memory that was made ahead (`lib/stock.js`); what it holds and whose it is: `pooled.spec.mjs`.

import { createRequire } from 'node:module';
import test from 'ava';

const { fromStock } = createRequire(import.meta.url)('../lib/stock.js');

/** How many of so many events in a row find some. */
function found(count, length) {
  let finds = 0;
  for (let number = 0; number < count; number += 1) finds += fromStock(length) === undefined ? 0 : 1;
  return finds;
}

test.serial('the sixteenth event of one length and all that follow', (t) => {
  t.is(found(15, 100), 0);
  t.is(found(200, 100), 200);
});

test.serial('lengths that take turns with the usual one have none, and take none from it', (t) => {
  for (let round = 0; round < 100; round += 1) {
    t.is(fromStock(200), undefined);
    t.is(fromStock(100)?.length, 100);
  }
});

test.serial('another length becomes the usual one', (t) => {
  t.is(found(20, 200), 5);
  t.is(found(20, 100), 5);
});
