// A half-open server that is paused and shut around the end that its client has announced: what a pause hides of that, and when the
// connection is over.
import { ca, identity } from '../lib/certificates.mjs';

const LEAVES = ['end', 'shutdown', 'end, later', 'shutdown, later'];
const PAUSES = ['never', 'in data', 'in end, first', 'in end, last'];
const SHUTS = {
  never: {},
  'shutdown in data': { data: (socket) => socket.shutdown() },
  'shutdown in end': { end: (socket) => socket.shutdown() },
  'shutdown in a microtask': { end: (socket) => queueMicrotask(() => socket.shutdown()) },
  'shutdown later': { end: (socket, turns) => turns(4).then(() => socket.shutdown()) },
  'end in data': { data: (socket) => socket.end() },
  'end in end': { end: (socket) => socket.end() },
};

export default async function ({ listen, connect, main, turns }) {
  for (const leave of LEAVES) {
    const [act, isLater] = leave.split(', ');
    for (const pause of PAUSES) {
      for (const [shut, { data, end }] of Object.entries(SHUTS)) {
        const log = [];
        let server;
        const listener = listen({
          ...{ hostname: '127.0.0.1', port: 0, allowHalfOpen: true, tls: identity('server-ec') },
          socket: {
            open(socket) {
              server = socket;
            },
            data(socket) {
              log.push('data');
              if (pause === 'in data') socket.pause();
              data?.(socket);
            },
            end(socket) {
              log.push('end');
              if (pause === 'in end, first') socket.pause();
              end?.(socket, turns);
              if (pause === 'in end, last') socket.pause();
            },
            close: (_, error) => log.push(error ? `close ${error.code}` : 'close'),
          },
        });
        const client = await connect({
          ...{ hostname: '127.0.0.1', port: listener.port, allowHalfOpen: true, tls: { ca, serverName: 'localhost' } },
          socket: {
            data() {},
            handshake(socket) {
              socket.write('words');
              if (!isLater) socket[act]();
            },
          },
        });
        // Other threads may make the handshake.
        for (let left = 200; left > 0 && log.length === 0; left -= 1) await turns(1);
        if (isLater) client[act]();
        await turns(12);
        log.push(server.readyState);
        server.resume();
        // More than what is shut later takes for that.
        await turns(15);
        log.push(`resumed ${server.readyState}`);
        main.say(`${leave}; ${pause}; ${shut}:`, log.join(', '));
        client.terminate();
        server.terminate();
        listener.stop(true);
      }
    }
  }
}
