// What the two halves of an upgraded socket do to each other: pausing, ending, and what the raw one knows of TLS.
import { ca, identity } from '../lib/certificates.mjs';

const calls = {
  'raw.pause': ({ raw }) => raw.pause(),
  'tls.pause, raw.resume': ({ raw, tls }) => [tls.pause(), raw.resume()],
  'raw.end': ({ raw, tls }) => [raw.end(), raw.readyState, raw.end(), tls.readyState, tls.write('x')],
  'raw.end, tls.end': ({ raw, tls }) => [raw.end(), tls.end(), tls.readyState],
  'tls.end, raw.end': ({ raw, tls }) => [tls.end(), raw.end(), raw.readyState],
  'tls.pause, raw.end': ({ raw, tls }) => [tls.pause(), raw.end()],
  'raw.shutdown': ({ raw, tls }) => [raw.shutdown(), raw.readyState, tls.write('x'), tls.end()],
};

export default async function ({ serve, dial, main, actor, turns }) {
  for (const [name, call] of Object.entries(calls)) {
    const silent = ['open', 'data', 'end'];
    const [plainFar, plainNear] = [actor(`${name}: server, plain`), actor(`${name}: client, plain`)];
    const [far, near] = [actor(`${name}: server`), actor(`${name}: client`)];
    const listener = serve('listener', { socket: plainFar.handlers({}, { silent: [...silent, 'close'] }) });
    const socket = await dial('dial', listener, { socket: plainNear.handlers({}, { silent }) });
    await plainFar.seen('open');
    const quiet = { silent: ['open', 'handshake'] };
    const accepted = plainFar.socket.upgradeTLS({
      tls: identity('server-ec'),
      socket: far.handlers({ handshake() {} }, { silent: [...quiet.silent, 'close'] }),
    });
    const [raw, tls] = socket.upgradeTLS({
      tls: { ca, serverName: 'localhost' },
      socket: near.handlers({ handshake() {} }, quiet),
    });
    await Promise.all([far.seen('handshake'), near.seen('handshake')]);
    await turns(8);
    near.attempt(name, () => call({ raw, tls }));
    await turns(8);
    near.say('the other half writes', accepted[1].write('later'));
    await turns(8);
    near.say(raw.readyState, tls.readyState);
    tls.terminate();
    listener.stop(true);
    await turns(4);
  }

  const unheard = { silent: ['open', 'data', 'close'] };
  const listener = serve('getters', { socket: actor('getters').handlers({}, unheard) });
  const socket = await dial('dial', listener, { socket: actor('getters, client').handlers({}, unheard) });
  await actor('getters').seen('open');
  const server = actor('getters, server');
  const far = actor('getters').socket.upgradeTLS({
    tls: identity('server-ec'),
    socket: server.handlers({ handshake() {} }, { silent: ['open', 'handshake', 'data', 'end', 'close'] }),
  });
  const asked = actor('asked');
  const ask = (when, raw) => {
    asked.say(when, raw.getCipher(), raw.getTLSVersion(), raw.getPeerCertificate()?.subject.CN, raw.getServername());
    asked.say(raw.authorized, raw.getSharedSigalgs(), raw.getEphemeralKeyInfo(), raw.isSessionReused());
    asked.say(raw.getAuthorizationError(), raw.setMaxSendFragment(1024));
    asked.attempt('exportKeyingMaterial', () => raw.exportKeyingMaterial(4, 'label')?.length);
    asked.attempt('renegotiate', () => raw.renegotiate());
  };
  const observed = actor('getters, secure');
  const [raw, tls] = socket.upgradeTLS({
    tls: { ca, serverName: 'localhost' },
    socket: observed.handlers({ handshake() {} }, { silent: ['close'] }),
  });
  ask('before', raw);
  await Promise.all([server.seen('handshake'), observed.seen('handshake')]);
  ask('after', raw);
  for (const half of [...far, raw, tls]) asked.attempt('setServername', () => half.setServername('localhost'));
  tls.close();
  ask('closed', raw);
  asked.attempt('setServername', () => raw.setServername('localhost'));
  main.say('done');
  listener.stop(true);
}
