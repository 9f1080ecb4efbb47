// What an ended TLS socket still says and does, and how the two ends of a connection end together.
import { ca, identity } from '../lib/certificates.mjs';

const calls = {
  end: (socket) => socket.end(),
  'end with data': (socket) => socket.end('bye'),
  shutdown: (socket) => socket.shutdown(),
  'shutdown of reading': (socket) => socket.shutdown(true),
  close: (socket) => socket.close(),
  terminate: (socket) => socket.terminate(),
  write: (socket) => socket.write('more'),
  'write of nothing': (socket) => socket.write(''),
  resume: (socket) => socket.resume(),
};
const looks = (socket) => [socket.readyState, socket.fd === -1, socket.getTLSVersion(), socket.setNoDelay()].join(' ');

export default async function ({ listen, connect, actor, turns, main }) {
  /** `steps` are calls of one side, a few turns apart; `inside` those in its end handler. */
  const play = async (name, steps, { inside = [], allowHalfOpen = false, paused = false } = {}) => {
    const title = `${name}${allowHalfOpen ? ', half open' : ''}`;
    const [server, client] = [actor(`server, ${title}`), actor(`client, ${title}`)];
    const act = (side, socket, what) => {
      side.say(`${what}(`);
      side.say(')', calls[what](socket), looks(socket));
    };
    const listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec'), allowHalfOpen },
      socket: server.handlers(),
    });
    const end = (socket) => {
      client.say('in end');
      for (const what of inside) act(client, socket, what);
    };
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca }, allowHalfOpen },
      socket: client.handlers(inside.length > 0 ? { end } : {}),
    });
    await Promise.all([server.seen('open'), client.seen('open')]);
    await turns(20);
    if (paused) near.pause();
    for (const [who, ...what] of steps) {
      const [side, socket] = who === 'server' ? [server, server.socket] : [client, near];
      for (const call of what) act(side, socket, call);
      await turns(40);
    }
    listener.stop(true);
    near.terminate();
    await turns(20);
  };
  for (const allowHalfOpen of [false, true]) {
    const both = { allowHalfOpen };
    for (const first of ['end', 'end with data', 'shutdown']) {
      await play(`${first}, then look`, [['client', first]], both);
      await play(`${first} of the server, answered`, [['server', first]], { ...both, inside: ['end', 'write'] });
      await play(`${first} of the server, answered with data`, [['server', first]], {
        ...both,
        inside: ['end with data'],
      });
    }
    for (const second of ['close', 'terminate', 'shutdown of reading', 'write', 'end']) {
      await play(`end, then ${second}`, [['client', 'end', second]], both);
      await play(`shutdown, then ${second}`, [['client', 'shutdown', second]], both);
    }
    await play(
      'end, while it was paused',
      [
        ['server', 'end with data'],
        ['client', 'end'],
      ],
      { ...both, paused: true },
    );
    await play('reading is shut, then writing', [['client', 'shutdown of reading', 'shutdown']], both);
  }
  await play(
    'an answer after the end',
    [
      ['client', 'end'],
      ['server', 'write'],
      ['client', 'write', 'close'],
    ],
    {
      allowHalfOpen: true,
    },
  );
  main.say('done');
}
