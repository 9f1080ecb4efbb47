// What a client makes of a server's certificate, with and without rejectUnauthorized.
import { ca, identity, pem } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const [label, tls, options, hostname] of [
    ['by name', identity('server-ec'), { ca }, 'localhost'],
    ['by address', identity('server-rsa'), { ca }, '127.0.0.1'],
    ['unknown authority', identity('server-ec'), { ca: pem('stranger') }, 'localhost'],
    ['self-signed', identity('self-signed'), { ca }, 'localhost'],
    ['self-signed and named', identity('self-signed'), { ca: pem('self-signed') }, 'localhost'],
    ['another name', identity('elsewhere'), { ca }, 'localhost'],
    ['another name, asked for', identity('elsewhere'), { ca, serverName: 'elsewhere.example' }, 'localhost'],
    ['an address it has not', identity('elsewhere'), { ca }, '127.0.0.1'],
  ]) {
    for (const rejectUnauthorized of [true, false]) {
      const client = actor(`${label}, rejectUnauthorized ${rejectUnauthorized}`);
      const listener = listen({ hostname: '127.0.0.1', port: 0, tls, socket: { data() {} } });
      let told = false;
      const handshake = (socket) => {
        told = true;
        client.say('  write', socket.write('x'), 'readyState', socket.readyState);
      };
      const near = await connect({
        ...{ hostname, port: listener.port, tls: { ...options, rejectUnauthorized } },
        socket: client.handlers({ handshake }),
      });
      await client.seen(() => told);
      main.say(label, rejectUnauthorized, near.authorized, near.getAuthorizationError());
      near.close();
      listener.stop(true);
    }
  }
}
