// node:tls, as its documentation would have it.
import { createServer } from 'node:tls';
import { service, serveOrders, tls } from './orders.mjs';
import { serve } from './node-streams.mjs';

const server = createServer({ ...tls, noDelay: true }, serve(service));
// A client that leaves in the middle of its handshake.
server.on('tlsClientError', () => {});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => serveOrders(server.address().port));
