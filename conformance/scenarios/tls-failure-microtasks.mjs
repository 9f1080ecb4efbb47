// What a handler puts off (process.nextTick, promises) is done before the close that follows it, where a handshake fails or is refused.
// Both ends are in one process: who has known first is told first.
import { ca, identity, pem } from '../lib/certificates.mjs';

const own = identity('server-ec');
const cases = {
  'a server that is not trusted': { client: { ca: pem('stranger') } },
  'a name that is not in the certificate': { client: { ca, serverName: 'other.example' } },
  'no certificate where one is asked for': { server: { ...own, ca, requestCert: true, rejectUnauthorized: true } },
  'no protocol in common': {
    server: { ...own, ALPNProtocols: '\x01a' },
    client: { ca, ALPNProtocols: '\x01b' },
  },
  'shutdown in the open handler of the client': { calls: { client: (socket) => socket.shutdown() } },
  'shutdown in the open handler of the server': { calls: { server: (socket) => socket.shutdown() } },
  'close in the open handler of the client': { calls: { client: (socket) => socket.close() } },
  'close after the open handler of the client': {
    calls: { client: (socket) => queueMicrotask(() => socket.close()) },
  },
  'shutdown after the open handler of the client': {
    calls: { client: (socket) => queueMicrotask(() => socket.shutdown()) },
  },
  'terminate after the open handler of the server': {
    calls: { server: (socket) => queueMicrotask(() => socket.terminate()) },
  },
};

export default async function ({ listen, connect, main, turns }) {
  for (const [name, { server = own, client = { ca }, calls = {} }] of Object.entries(cases)) {
    for (const withHandshake of [true, false]) {
      const log = [];
      const puts = (who, what) => {
        log.push(`${who} ${what}`);
        process.nextTick(() => log.push(`${who} tick`));
        queueMicrotask(() => log.push(`${who} microtask`));
      };
      const handlers = (who) => ({
        open(socket) {
          puts(who, 'open');
          calls[who]?.(socket);
        },
        ...(withHandshake && {
          handshake: (_, success, error) => puts(who, `handshake ${success}${success ? '' : ` ${error?.code}`}`),
        }),
        data: () => puts(who, 'data'),
        end: () => puts(who, 'end'),
        error: (_, error) => puts(who, `error ${error.code}`),
        close: (_, error) => puts(who, `close ${error?.code}`),
      });
      const listener = listen({ hostname: '127.0.0.1', port: 0, tls: server, socket: handlers('server') });
      const promise = connect({
        ...{ hostname: '127.0.0.1', port: listener.port, tls: client },
        socket: handlers('client'),
      });
      await promise.then(() => log.push('connected'));
      // Other threads may make the handshake.
      const isClosed = (who) => log.some((line) => line.startsWith(`${who} close`));
      for (let left = 500; left > 0 && !(isClosed('server') && isClosed('client')); left -= 1) await turns(1);
      await turns(30);
      main.say(`${name}, ${withHandshake ? 'with' : 'without'} handshake handlers:`, log.join(', '));
      (await promise).terminate();
      listener.stop(true);
    }
  }
}
