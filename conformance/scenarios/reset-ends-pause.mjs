// A reset is the end even of a paused connection: what was received before it is delivered.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const kind of ['plain', 'TLS', 'plain, with a full kernel']) {
    const server = actor(`server, ${kind}`);
    const client = actor(`client, ${kind}`);
    const options = { silent: ['drain'], also: ['drain'] };
    const tls = kind === 'TLS';
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, ...(tls && { tls: identity('server-ec') }) },
      socket: server.handlers({}, options),
    });
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, ...(tls && { tls: { ca } }) },
      socket: client.handlers({}, options),
    });
    await Promise.all(tls ? [server.seen('drain'), client.seen('drain')] : [server.seen('open')]);
    server.socket.pause();
    if (kind === 'plain, with a full kernel') {
      near.pause();
      const large = new Uint8Array(1 << 20);
      while (server.socket.write(large) === large.length);
    }
    server.socket.write('greeting');
    if (kind !== 'plain, with a full kernel') await client.seen('data');
    main.say(kind, 'queued', near.write('queued behind the pause'), 'delivered', server.count('data'));
    near.terminate();
    await server.seen('close');
    listener.stop(true);
  }
}
