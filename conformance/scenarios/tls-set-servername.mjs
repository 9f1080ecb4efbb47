// `setServername` in `open` replaces the option; an empty name changes only what is verified, which is the host again.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  for (const [certificate, serverName, name] of [
    ['server-ec', undefined, 'elsewhere.example'],
    ['elsewhere', undefined, 'elsewhere.example'],
    ['elsewhere', 'elsewhere.example', ''],
    ['server-ec', 'elsewhere.example', ''],
    ['server-ec', 'elsewhere.example', 'localhost'],
  ]) {
    const way = `${certificate}, ${serverName}, then ${JSON.stringify(name)}`;
    const [server, client] = [actor(`server, ${way}`), actor(`client, ${way}`)];
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: identity(certificate) },
      socket: server.handlers({ handshake() {} }, { silent: ['drain', 'handshake', 'open', 'end', 'close'] }),
    });
    await connect({
      ...{ hostname: 'localhost', port: listener.port, tls: { ca, serverName } },
      socket: client.handlers(
        {
          open(socket) {
            main.say(way, socket.setServername(name), socket.getServername());
          },
          handshake(socket, success, error) {
            main.say(way, success, error, socket.authorized, socket.getServername());
            socket.end();
          },
        },
        { silent: ['drain', 'end'] },
      ),
    });
    await Promise.all([client.seen('close'), server.seen('close')]);
    listener.stop(true);
  }
}
