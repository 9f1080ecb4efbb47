// What `write` and `end` say of their arguments, and of nothing at all, while the handlers are told that there is no connection, and after
// an `end` that was answered.
import { ca, identity } from '../lib/certificates.mjs';

const ARGUMENTS = [[], [''], [new Uint8Array()], ['text'], [5], [Buffer.from('abc'), 1, 9], [Buffer.from('abc'), 4]];

export default async function ({ listen, connect, raw, actor, turns }) {
  const ask = (who, socket) => {
    for (const method of ['write', 'end'])
      for (const args of ARGUMENTS)
        who.attempt(`${method}(${args.map((arg) => JSON.stringify(arg)).join()})`, () => socket[method](...args));
    who.say('readyState', socket.readyState);
  };
  const asking = (who) => ({ handshake: (socket) => ask(who, socket) });

  const server = actor('server');
  const listener = listen({ hostname: '127.0.0.1', port: 0, tls: identity('server-ec'), socket: server.handlers() });
  const refusing = actor('refuses the certificate');
  await connect({
    ...{ hostname: '127.0.0.1', port: listener.port, tls: { serverName: 'localhost' } },
    socket: refusing.handlers(asking(refusing), { silent: ['handshake'] }),
  });
  await refusing.seen('close');

  const peers = {
    'peer that leaves': { client: 'is left', after: 'received', does: (peer) => peer.end() },
    'peer that speaks in plain text': {
      client: 'fails',
      after: 'accepted',
      does: (peer) => peer.write('220 in plain text\r\n'),
    },
  };
  for (const [name, { client, after, does }] of Object.entries(peers)) {
    const peer = raw(name, { count: true });
    const failing = actor(client);
    await connect({
      ...{ hostname: '127.0.0.1', port: await peer.port(), tls: { ca } },
      socket: failing.handlers(asking(failing), { silent: ['handshake'] }),
    });
    await peer.seen(after);
    does(peer);
    await failing.seen('close');
    await peer.leave();
  }

  const ended = actor('has ended');
  const far = actor('answers');
  const halfOpen = listen({
    ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec'), allowHalfOpen: true },
    socket: far.handlers(),
  });
  const near = await connect({
    ...{ hostname: '127.0.0.1', port: halfOpen.port, tls: { ca }, allowHalfOpen: true },
    socket: ended.handlers(),
  });
  await Promise.all([far.seen('open'), ended.seen('open')]);
  near.end();
  ask(ended, near);
  await far.seen('end');
  far.socket.write('answer');
  await ended.seen('data');
  ask(ended, near);
  near.close();
  await turns(20);
  listener.stop(true);
  halfOpen.stop(true);
}
