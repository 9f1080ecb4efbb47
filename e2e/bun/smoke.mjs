// On Bun the package hands out Bun's own functions; the streams are ours and run on them.

import api, * as sockets from 'bun-sockets';
import 'bun-sockets/polyfill';
import 'bun-sockets/register';
import { connectDuplex, listenDuplex } from 'bun-sockets/streams';
import { echo } from './exercise.cjs';

function check(condition, what) {
  if (!condition) throw new Error(what);
}
for (const name of ['connect', 'listen', 'udpSocket']) {
  check(sockets[name] === Bun[name] && api[name] === Bun[name], `${name} is not Bun's`);
}
check(
  sockets.install() === Bun && sockets.stats() === undefined && sockets.pooledBuffer === 'buffer',
  'our own additions',
);
check((await echo(sockets)).join() === 'over TCP,over TLS,over UDP', 'echo');

const listener = listenDuplex({ hostname: '127.0.0.1', port: 0 }, (stream) => stream.pipe(stream));
const stream = await connectDuplex({ hostname: '127.0.0.1', port: listener.port });
stream.end('streamed');
let text = '';
for await (const chunk of stream) text += chunk;
check(text === 'streamed', 'streams');
listener.stop(true);
