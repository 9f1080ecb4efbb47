// Who is told what when a handshake ends in an unusual way, when handlers change in the middle of it, and when the peer is gone.
import { ca, identity } from '../lib/certificates.mjs';

const ALL = { silent: ['open', 'data', 'end', 'close', 'error'] };

export default async function ({ connect, serve, dial, raw, main, actor, turns }) {
  const trusting = { tls: { ca, serverName: 'localhost' } };

  // After FIN was sent, and before the peer has said anything.
  for (const how of ['terminate', 'end', 'close']) {
    const silence = actor('silence').handlers({}, ALL);
    const listener = serve('silent', { allowHalfOpen: true, socket: silence });
    const client = actor(`shutdown, ${how}`);
    const near = await dial('dial', listener, { ...trusting, socket: client.handlers({ handshake() {} }) });
    await turns(5);
    near.shutdown();
    client.attempt(how, () => near[how]());
    listener.stop(true);
  }

  // How a client leaves that has said its first words: one that takes any certificate resets.
  for (const rejectUnauthorized of [true, false]) {
    const peer = raw(`peer of a client, rejectUnauthorized ${rejectUnauthorized}`, { count: true });
    const leaving = actor(`client, rejectUnauthorized ${rejectUnauthorized}`);
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: await peer.port(), tls: { ca, rejectUnauthorized } },
      socket: leaving.handlers({ handshake() {} }),
    });
    await peer.seen('received');
    near.terminate();
    await peer.seen('close');
    await peer.leave();
  }

  // What is too short for a record's header.
  for (const text of ['no', 'no, this is plain']) {
    const server = actor(`told "${text}"`);
    const listener = serve('listener', { tls: identity('server-ec'), socket: server.handlers({ handshake() {} }) });
    const peer = await dial('dial', listener, { allowHalfOpen: true, socket: actor('peer').handlers({}, ALL) });
    await server.seen('open');
    peer.write(text);
    await turns(10);
    server.say('so far', server.count('handshake'));
    peer.shutdown();
    await server.seen('close');
    listener.stop(true);
  }

  // `open` that throws after the handshake.
  for (const side of ['server', 'client']) {
    const fails = () => {
      throw new Error('from open');
    };
    const [server, client] = [actor(`open throws, ${side}: server`), actor(`open throws, ${side}: client`)];
    const listener = serve('listener', {
      tls: identity('server-ec'),
      socket: server.handlers(side === 'server' ? { open: fails } : {}, { silent: ['close', 'end'] }),
    });
    const near = await dial('dial', listener, {
      ...trusting,
      socket: client.handlers(side === 'client' ? { open: fails } : {}, { silent: ['close', 'end'] }),
    });
    await Promise.all([server.seen('open'), client.seen('open')]);
    await turns(5);
    main.say('open throws', side, near.readyState, server.socket.readyState);
    near.terminate();
    listener.stop(true);
    await turns(4);
  }

  // Handlers that come or go before the handshake is over.
  for (const before of [true, false]) {
    const client = actor(`handshake handler ${before ? 'goes' : 'comes'}`);
    const [own, quiet] = [{ handshake() {} }, { silent: ['close', 'end'] }];
    const listener = serve('listener', { tls: identity('server-ec'), socket: { data() {} } });
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, ...trusting },
      socket: client.handlers(before ? own : {}, quiet),
    });
    near.reload({ socket: client.handlers(before ? {} : own, quiet) });
    await turns(25);
    near.terminate();
    listener.stop(true);
    await turns(4);
  }

  // A write and an end into a connection that was reset; an end where the peer's came with the data.
  for (const [name, call] of Object.entries({ write: (far) => far.write('late'), end: (far) => far.end('late') })) {
    const [server, client] = [actor(`reset, ${name}: server`), actor(`reset, ${name}: client`)];
    const listener = serve('listener', { tls: identity('server-ec'), socket: server.handlers() });
    const near = await dial('dial', listener, { ...trusting, socket: client.handlers() });
    await Promise.all([server.seen('open'), client.seen('open')]);
    await turns(5);
    near.terminate();
    server.attempt(name, () => call(server.socket));
    server.say(server.socket.bytesWritten);
    await server.seen('close');
    listener.stop(true);
  }
  const client = actor('ends in data');
  const listener = serve('ended', { tls: identity('server-ec') });
  await dial('dial', listener, {
    ...trusting,
    socket: client.handlers({
      data(socket) {
        client.attempt('end', () => socket.end());
      },
    }),
  });
  await Promise.all([actor('ended').seen('open'), client.seen('open')]);
  await turns(5);
  actor('ended').socket.end('and good bye');
  await client.seen('close');
  listener.stop(true);

  // A second end, once something has come after the first.
  const [twice, paused] = [actor('ends twice'), actor('paused')];
  const other = serve('listener', { tls: identity('server-ec'), socket: paused.handlers({}, ALL) });
  const near = await dial('dial', other, {
    ...trusting,
    socket: twice.handlers({
      data(socket) {
        twice.attempt('end', () => socket.end());
      },
    }),
  });
  await Promise.all([paused.seen('open'), twice.seen('open')]);
  await turns(5);
  paused.socket.pause();
  twice.attempt('end', () => near.end());
  twice.attempt('end', () => near.end());
  paused.socket.write('still here');
  await twice.seen('close');
  other.stop(true);

  // Microtasks between a handshake that has failed and the close.
  const refuses = actor('refuses');
  const stranger = serve('listener', { tls: identity('self-signed'), socket: actor('stranger').handlers({}, ALL) });
  await dial('dial', stranger, {
    ...trusting,
    socket: refuses.handlers({
      handshake() {
        Promise.resolve().then(() => refuses.say('microtask'));
      },
    }),
  });
  await refuses.seen('close');
  stranger.stop(true);
}
