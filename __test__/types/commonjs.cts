import sockets = require('bun-sockets');
import { connect, type Socket } from 'bun-sockets';

const listener: sockets.TCPSocketListener<number> = sockets.listen({
  hostname: 'localhost',
  port: 0,
  data: 1,
  socket: { data() {} },
});
export const promise: Promise<Socket> = connect({ hostname: 'localhost', port: listener.port, socket: { drain() {} } });
sockets.install();
