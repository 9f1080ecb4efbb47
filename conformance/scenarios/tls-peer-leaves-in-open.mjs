// What can still be said in the `handshake` handler of a client whose server has left in its `open`, or has left before an upgrade in which the
// client leaves, too; and what `end` does to a socket that was shut before its handshake while the other end keeps silent.
import { ca, identity } from '../lib/certificates.mjs';

const leave = {
  end: (socket) => socket.end(),
  terminate: (socket) => socket.terminate(),
  close: (socket) => socket.close(),
  shutdown: (socket) => socket.shutdown(),
  'shutdown(true)': (socket) => socket.shutdown(true),
};

const say = {
  'write nothing': (socket) => socket.write(''),
  write: (socket) => socket.write('x'),
  'end with nothing': (socket) => socket.end(''),
  'end with words': (socket) => socket.end('x'),
  end: (socket) => socket.end(),
};

const quiet = { silent: ['open', 'handshake', 'data', 'end', 'close', 'error'] };

export default async function ({ serve, dial, actor, path, turns }) {
  for (const at of ['tcp', 'unix']) {
    for (const [how, open] of Object.entries(leave)) {
      // A server that shuts its reading side answers over TCP, and how far it gets is a race.
      if (at === 'tcp' && how === 'shutdown(true)') continue;
      for (const [what, act] of Object.entries(say)) {
        const client = actor(`${at}, ${how}, ${what}`);
        const socket = client.handlers({ handshake: (socket) => client.attempt(what, () => act(socket)) });
        const listener = serve('listener', {
          ...(at === 'unix' ? { unix: path(`${how}-${what}`.replace(/\W/g, '-')) } : {}),
          tls: identity('server-ec'),
          socket: actor('server').handlers({ open, handshake() {} }, quiet),
        });
        await dial('dial', listener, { tls: { ca }, socket });
        await client.seen('close');
        listener.stop(true);
      }
    }
  }
  for (const rejectUnauthorized of [true, false]) {
    for (const how of ['nothing', 'end', 'terminate', 'close']) {
      for (const [what, act] of Object.entries(say)) {
        const client = actor(`upgraded, ${rejectUnauthorized ? '' : 'lenient, '}${how}, ${what}`);
        const socket = client.handlers({
          open: leave[how] ?? (() => {}),
          handshake: (socket) => client.attempt(what, () => act(socket)),
        });
        const listener = serve('listener', { socket: { open: leave.terminate, data() {} } });
        const plain = await dial('plain', listener, { socket: { data() {} } });
        client.attempt('upgrade', () => void plain.upgradeTLS({ tls: { ca, rejectUnauthorized }, socket }));
        await client.seen('close');
        listener.stop(true);
      }
    }
  }
  for (const side of ['server', 'client', 'lenient client']) {
    for (const [what, act] of Object.entries({ nothing() {}, end: say.end, 'end with words': say['end with words'] })) {
      const own = actor(`${side}, shut, ${what}`);
      const shut = own.handlers({
        open: (socket) => socket.shutdown(),
        handshake: (socket) => own.attempt(what, () => act(socket)),
      });
      const silent = actor('silent').handlers({ open: (socket) => socket.pause(), handshake() {} }, quiet);
      const listener = serve('listener', { tls: identity('server-ec'), socket: side === 'server' ? shut : silent });
      const dialed = await dial('dial', listener, {
        tls: { ca, rejectUnauthorized: side !== 'lenient client' },
        socket: side === 'server' ? silent : shut,
      });
      await turns(10);
      own.say('the program leaves');
      listener.stop(true);
      dialed?.terminate();
      await turns(3);
    }
  }
}
