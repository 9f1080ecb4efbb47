// Real Bun.
import { service, serveOrders, workers } from './orders.mjs';
import { startDatagrams } from './bun-datagrams.mjs';
import { startStreams } from './bun-streams.mjs';
import { startWorkers } from './workers.mjs';

if (workers > 0) {
  serveOrders(await startWorkers(import.meta.url, (options) => startStreams(Bun.listen, options)));
} else if (service.startsWith('udp-')) {
  const { port, count } = await startDatagrams(Bun.udpSocket);
  serveOrders(port, count);
} else {
  serveOrders(startStreams(Bun.listen).port);
}
