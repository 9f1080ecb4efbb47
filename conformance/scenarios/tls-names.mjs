// The name that a client announces.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const [hostname, serverName] of [
    ['localhost', undefined],
    ['127.0.0.1', undefined],
    ['127.0.0.1', 'localhost'],
    ['localhost', ''],
  ]) {
    const label = `${hostname} with ${serverName}`;
    const [server, client] = [actor(`server, ${label}`), actor(`client, ${label}`)];
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
      socket: server.handlers({ drain() {} }, { silent: ['drain'] }),
    });
    const near = await connect({
      ...{ hostname, port: listener.port, tls: { ca, serverName } },
      socket: client.handlers({ drain() {} }, { silent: ['drain'] }),
    });
    await Promise.all([server.seen('drain'), client.seen('drain')]);
    main.say(label, 'client', near.getServername(), 'server', server.socket.getServername(), near.authorized);
    near.close();
    await server.seen('close');
    listener.stop(true);
  }
}
