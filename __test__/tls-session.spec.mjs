import tls from 'node:tls';
import test from 'ava';
import { connect } from '../index.mjs';
import { ca, dialSecure, identity, serveSecure, TLS12, TLS13 } from './support/secure.mjs';

/** Connects, waits for an echo (and so for the tickets before it), and tells about the session. */
async function visit(t, target, session, tlsOptions = { ca }) {
  const { socket, observer } = await dialSecure(t, target, tlsOptions, {
    open: (socket) => void (session && socket.setSession(session)),
    handshake: (socket) => void socket.write('x'),
  });
  await observer.seen('data');
  const seen = {
    reused: socket.isSessionReused(),
    authorized: socket.authorized,
    session: socket.getSession(),
    ticket: socket.getTLSTicket(),
    peer: socket.getPeerCertificate()?.subject.CN,
  };
  socket.close();
  return seen;
}

const echo = { data: (socket, data) => void socket.write(data) };

for (const maxVersion of [TLS12, TLS13]) {
  test(`a Buffer from getSession works repeatedly, ${maxVersion}`, async (t) => {
    const { target, observer } = serveSecure(t, { ...identity('server-ec'), maxVersion }, echo);
    const first = await visit(t, target);
    t.false(first.reused);
    t.true(first.session instanceof Buffer && first.ticket instanceof Buffer);
    for (let i = 0; i < 5; i++) {
      const again = await visit(t, target, first.session);
      t.like(again, { reused: true, authorized: true, peer: 'server-ec' });
    }
    t.true(observer.sockets.at(-1).getTLSTicket() === undefined);
  });

  test(`a resumed session is verified again, ${maxVersion}`, async (t) => {
    const { target } = serveSecure(t, { ...identity('server-ec'), maxVersion }, echo);
    const lenient = await visit(t, target, undefined, { rejectUnauthorized: false });
    t.like(lenient, { reused: false, authorized: false });
    const { observer, socket } = await dialSecure(t, target, {}, { open: (s) => void s.setSession(lenient.session) });
    await observer.seen('close');
    t.is(observer.calls[1][1], false);
    t.false(socket.authorized);
    t.like(await visit(t, target, lenient.session, { ca }), { authorized: true });
  });
}

test('junk is no session', async (t) => {
  const { target } = serveSecure(t, undefined, echo);
  for (const junk of ['junk', Buffer.alloc(48), new Uint8Array(3), '']) {
    t.like(await visit(t, target, junk), { reused: false, authorized: true });
  }
  const { socket } = await dialSecure(t, target);
  for (const wrong of [5, null, undefined, {}]) {
    t.throws(() => socket.setSession(wrong), { message: 'Expected session to be a string, Buffer or TypedArray' });
  }
});

test('without tickets nothing is resumed', async (t) => {
  const { SSL_OP_NO_TICKET } = (await import('node:crypto')).constants;
  const { target } = serveSecure(t, { ...identity('server-ec'), secureOptions: SSL_OP_NO_TICKET }, echo);
  const first = await visit(t, target);
  t.is(first.ticket, undefined);
  t.false((await visit(t, target, first.session)).reused);
});

test('a TLS 1.2 session that is resumed without a new ticket is not told again', async (t) => {
  const server = tls.createServer({ ...identity('server-ec'), maxVersion: 'TLSv1.2' }, (socket) => {
    socket.on('error', () => {});
    socket.write('x');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const target = { hostname: '127.0.0.1', port: server.address().port };
  let saved;
  const rounds = [];
  for (let round = 0; round < 3; round++) {
    let told = 0;
    const socket = await new Promise((resolve) =>
      connect({
        ...{ ...target, tls: { ca, serverName: 'localhost' } },
        socket: {
          open: (socket) => void (saved && socket.setSession(saved)),
          handshake() {},
          session(_, session) {
            told++;
            saved = session;
          },
          data: resolve,
        },
      }),
    );
    rounds.push([socket.isSessionReused(), told]);
    socket.close();
  }
  t.deepEqual(rounds, [
    [false, 1],
    [true, 0],
    [true, 0],
  ]);
});
