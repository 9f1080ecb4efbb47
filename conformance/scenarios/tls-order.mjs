// With a handshake handler: the order of events on both sides, and what each of them is told.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const [server, client] = [actor('server'), actor('client')];
  const also = ['handshake', 'drain'];
  const tell = (who) => (socket) => void who.say('  readyState', socket.readyState, 'authorized', socket.authorized);
  const own = (who) => ({ open: tell(who), handshake: tell(who) });
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-rsa') },
    socket: server.handlers(own(server), { also }),
  });
  const near = await connect({
    ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
    socket: client.handlers(own(client), { also }),
  });
  client.say('promise resolved');
  await Promise.all([server.seen('drain'), client.seen('drain')]);
  near.write('hello');
  await server.seen('data');
  server.socket.end('bye');
  await Promise.all([server.seen('close'), client.seen('close')]);
  main.say('readyState', near.readyState, server.socket.readyState);
  listener.stop(true);
}
