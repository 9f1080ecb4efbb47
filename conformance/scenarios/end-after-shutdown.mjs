// end() after shutdown(): without data it closes, with data it does nothing, and the answer arrives.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, actor }) {
  for (const secure of [false, true]) {
    for (const [label, ...args] of [
      ['a text', 'x'],
      ['an empty text', ''],
      ['no bytes', new Uint8Array(0)],
      ['nothing'],
    ]) {
      const name = `${secure ? 'TLS' : 'plain'}, ${label}`;
      const server = actor(`server, ${name}`);
      const client = actor(`client, ${name}`);
      const listener = listen({
        hostname: '127.0.0.1',
        port: 0,
        allowHalfOpen: true,
        tls: secure ? identity('server-ec') : undefined,
        socket: server.handlers({ end: (socket) => void setTimeout(() => socket.end('answer'), 20) }),
      });
      const ready = secure ? 'handshake' : 'open';
      const near = await connect({
        hostname: '127.0.0.1',
        port: listener.port,
        tls: secure ? { ca } : undefined,
        socket: client.handlers({}, secure ? { also: ['handshake'] } : {}),
      });
      await Promise.all([client.seen(ready), server.seen('open')]);
      near.shutdown();
      client.attempt('a number', () => near.end(5));
      client.say('end', near.end(...args), 'readyState', near.readyState);
      await Promise.all([client.seen('close'), server.seen('close')]);
      listener.stop(true);
    }
  }
}
