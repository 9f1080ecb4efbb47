import * as sockets from 'bun-sockets';
import { connectDuplex, listenDuplex } from 'bun-sockets/streams';
import { expect, test } from 'vitest';
import { echo, keepCounts } from './exercise.cjs';

test('echo', async () => {
  expect(await echo(sockets)).toEqual(['over TCP', 'over TLS', 'over UDP']);
  keepCounts(import.meta.url);
});

test('streams', async () => {
  const listener = listenDuplex({ hostname: '127.0.0.1', port: 0 }, (stream) => stream.pipe(stream));
  const stream = await connectDuplex({ hostname: '127.0.0.1', port: listener.port });
  stream.end('streamed');
  let text = '';
  for await (const chunk of stream) text += chunk;
  listener.stop();
  expect(text).toBe('streamed');
});
