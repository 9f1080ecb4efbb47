// What a socket says and does inside of the handler that is told that its handshake has failed.
import { ca, identity, pem } from '../lib/certificates.mjs';

const calls = {
  nothing: () => undefined,
  write: (socket) => socket.write('x'),
  end: (socket) => socket.end(),
  'end with data': (socket) => socket.end('x'),
  close: (socket) => socket.close(),
  'close twice': (socket) => [socket.close(), socket.close()].length,
  terminate: (socket) => socket.terminate(),
};
const looks = (socket) => [socket.readyState, socket.fd === -1, socket.authorized].join(' ');

export default async function ({ raw, listen, connect, actor, turns }) {
  for (const [what, call] of Object.entries(calls)) {
    const acting = (side) => ({
      handshake(socket, success, error) {
        side.say('handshake', success, error?.code ?? 'no error');
        side.say(`${what}(`);
        side.say(')', call(socket), looks(socket));
      },
    });
    const server = actor(`server, ${what}`);
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
      socket: server.handlers(acting(server), { silent: ['open'] }),
    });
    const http = raw(`peer of the server, ${what}`, {
      connect: { host: '127.0.0.1', port: listener.port },
      count: true,
    });
    http.write('GET / HTTP/1.1\r\n\r\n');
    await server.seen('close');
    await http.seen('close');
    await http.leave();

    const stranger = actor(`client that trusts others, ${what}`);
    const to = { hostname: '127.0.0.1', port: listener.port };
    await connect({ ...to, tls: { ca: pem('stranger') }, socket: stranger.handlers(acting(stranger)) });
    await stranger.seen('close');
    await turns(20);
    listener.stop(true);

    // Who is reset before it has said anything, says it to nobody.
    const early = actor(`client that is reset at once, ${what}`);
    const rude = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
      socket: { open: (socket) => socket.terminate(), handshake() {}, data() {}, error() {} },
    });
    await connect({ hostname: '127.0.0.1', port: rude.port, tls: { ca }, socket: early.handlers(acting(early)) });
    await early.seen('close');
    rude.stop(true);

    // The program's own close, while the handshake goes on.
    const own = actor(`client that closes, ${what}`);
    const silent = raw(`silent peer, ${what}`, { count: true });
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: await silent.port(), tls: { ca } },
      socket: own.handlers(acting(own)),
    });
    await silent.seen('received');
    near.terminate();
    await own.seen('close');
    await silent.seen('close');
    await silent.leave();
  }
}
