// bun-sockets on Node. BENCH_ENTRY is the path of its index.js.
import { createRequire } from 'node:module';
import { service, serveOrders, workers } from './orders.mjs';
import { startDatagrams } from './bun-datagrams.mjs';
import { startStreams } from './bun-streams.mjs';
import { startWorkers } from './workers.mjs';

const { listen, udpSocket } = createRequire(import.meta.url)(process.env.BENCH_ENTRY);

if (workers > 0) {
  serveOrders(await startWorkers(import.meta.url, (options) => startStreams(listen, options)));
} else if (service.startsWith('udp-')) {
  const { port, count } = await startDatagrams(udpSocket);
  serveOrders(port, count);
} else {
  serveOrders(startStreams(listen).port);
}
