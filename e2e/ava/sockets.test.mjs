import test from 'ava';
import * as sockets from 'bun-sockets';
import { echo, keepCounts } from './exercise.cjs';

test('echo', async (t) => {
  t.deepEqual(await echo(sockets), ['over TCP', 'over TLS', 'over UDP']);
  keepCounts(import.meta.url);
});
