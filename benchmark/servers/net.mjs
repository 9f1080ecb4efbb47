// node:net, as its documentation would have it.
import net from 'node:net';
import { service, serveOrders, workers } from './orders.mjs';
import { startWorkers } from './workers.mjs';
import { serve } from './node-streams.mjs';

const start = (options) =>
  new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true }, serve(service));
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', backlog: 4096, ...options }, () => resolve(server.address()));
  });

serveOrders(workers > 0 ? await startWorkers(import.meta.url, start) : (await start({ port: 0 })).port);
