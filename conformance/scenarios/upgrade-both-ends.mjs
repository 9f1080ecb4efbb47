// STARTTLS on both ends of one process. The plain handlers' data after the upgrade are records, which are only counted.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const [server, client] = [actor('server, plain'), actor('client, plain')];
  const [secureServer, secureClient] = [actor('server, secure'), actor('client, secure')];
  const silent = ['data', 'handshake'];
  let far;
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0, data: 'plain data' },
    socket: server.handlers(
      {
        data(socket, data) {
          if (String(data) !== 'STARTTLS') return;
          socket.write('go ahead');
          const handlers = secureServer.handlers({ handshake() {} }, { silent: ['handshake'] });
          far = socket.upgradeTLS({ data: 'secure data', tls: identity('server-ec'), socket: handlers });
        },
      },
      { silent },
    ),
  });
  let near;
  const plain = await connect({
    ...{ hostname: '127.0.0.1', port: listener.port },
    socket: client.handlers(
      {
        data(socket, data) {
          if (String(data) !== 'go ahead') return;
          const handlers = secureClient.handlers({ handshake() {} });
          near = socket.upgradeTLS({ tls: { ca, serverName: 'localhost' }, socket: handlers });
          main.say('upgraded', Array.isArray(near), near, socket.readyState, socket.write('x'));
        },
      },
      { silent },
    ),
  });
  plain.write('STARTTLS');
  await Promise.all([secureServer.seen('handshake'), secureClient.seen('handshake')]);
  main.say('data', far[0].data, far[1].data, 'listener', far[1].listener, near[1].authorized, near[0].readyState);
  near[1].write('through TLS');
  await secureServer.seen('data');
  far[1].end('and back');
  await Promise.all([
    server.seen('close'),
    client.seen('close'),
    secureServer.seen('close'),
    secureClient.seen('close'),
  ]);
  main.say('readyState', ...near.map((socket) => socket.readyState), ...far.map((socket) => socket.readyState));
  listener.stop(true);
}
