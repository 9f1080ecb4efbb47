// end(data) before the handshake is over.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const [server, client] = [actor('server'), actor('client')];
  const listener = listen({ hostname: '127.0.0.1', port: 0, tls: identity('server-ec'), socket: server.handlers() });
  const near = await connect({
    ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
    socket: client.handlers(),
  });
  main.say('returned', near.end('too early?'), 'readyState', near.readyState);
  await Promise.all([server.seen('open'), client.seen('open')]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  main.say('received', server.bytes, 'closed', client.count('close'), 'readyState', near.readyState);
  near.close();
  await server.seen('close');
  listener.stop(true);
}
