// Each way to close an established connection.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const ways = {
    'end()': (s) => s.end(),
    'end(text)': (s) => s.end('last words'),
    'close()': (s) => s.close(),
    'terminate()': (s) => s.terminate(),
    'shutdown()': (s) => s.shutdown(),
    'write then close()': (s) => {
      s.write('written');
      return s.close();
    },
  };
  for (const [way, leave] of Object.entries(ways)) {
    for (const side of ['client', 'server']) {
      const [server, client] = [actor(`server, ${way} of ${side}`), actor(`client, ${way} of ${side}`)];
      const listener = listen({
        ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
        socket: server.handlers({}, { silent: ['drain'], also: ['drain'] }),
      });
      const near = await connect({
        ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
        socket: client.handlers({}, { silent: ['drain'], also: ['drain'] }),
      });
      await Promise.all([server.seen('drain'), client.seen('drain')]);
      const [here, socket] = side === 'client' ? [client, near] : [server, server.socket];
      main.say(way, side, 'returned', leave(socket), 'readyState', socket.readyState, 'closed', here.count('close'));
      main.say('  write', socket.write('x'));
      await Promise.all([server.seen('close'), client.seen('close')]);
      listener.stop(true);
    }
  }
}
