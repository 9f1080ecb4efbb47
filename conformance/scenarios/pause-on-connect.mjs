// The option `pauseOnConnect`: plain sockets begin with a pause, TLS sockets have one after the handshake.
import { ca, identity } from '../lib/certificates.mjs';

const rest = () => new Promise((resolve) => setTimeout(resolve, 50));

export default async function ({ listen, connect, actor }) {
  for (const secure of [false, true]) {
    for (const side of ['server', 'client']) {
      for (const value of [true, 1, 'yes', 0]) {
        const name = `${secure ? 'TLS' : 'plain'} ${side}, ${JSON.stringify(value)}`;
        const server = actor(`server of ${name}`);
        const client = actor(`client of ${name}`);
        const ready = secure ? 'handshake' : 'open';
        const handlers = (who) => who.handlers(secure ? { handshake() {} } : {}, { silent: ['handshake'] });
        const listener = listen({
          hostname: '127.0.0.1',
          port: 0,
          pauseOnConnect: side === 'server' ? value : undefined,
          tls: secure ? identity('server-ec') : undefined,
          socket: handlers(server),
        });
        await connect({
          hostname: '127.0.0.1',
          port: listener.port,
          pauseOnConnect: side === 'client' ? value : undefined,
          tls: secure ? { ca } : undefined,
          socket: handlers(client),
        });
        await Promise.all([server.seen(ready), client.seen(ready)]);
        server.socket.write('to the client');
        client.socket.write('to the server');
        await rest();
        for (const who of [server, client]) {
          who.say('- resume');
          who.socket.resume();
        }
        await Promise.all([server.seen('data'), client.seen('data')]);
        client.socket.end();
        await Promise.all([server.seen('close'), client.seen('close')]);
        listener.stop(true);
      }
    }
  }
}
