// What the handlers of the plain socket do while an upgraded one shakes hands: they see the records first, and can still have a say.
import { ca, identity } from '../lib/certificates.mjs';

const plans = {
  'the server closes at the ClientHello': { record: ({ tls }) => tls.close() },
  'the server pauses at the ClientHello': { record: ({ tls }) => tls.pause() },
  'the server asks for a certificate at the ClientHello': { record: ({ tls }) => tls.setVerifyMode(true, true) },
  'the server asks for a certificate before it': { upgraded: ([, tls]) => tls.setVerifyMode(true, true) },
  'the client names another server': { client: ([, tls]) => tls.setServername('wrong.example') },
  'the client names another server in a microtask': {
    client: ([, tls]) => Promise.resolve().then(() => tls.setServername('wrong.example')),
  },
  'open pauses': { open: (tls) => tls.pause() },
};

export default async function ({ serve, dial, main, actor, turns }) {
  for (const [name, { record, upgraded, client, open }] of Object.entries(plans)) {
    const [plain, far, near] = [actor(`${name}: plain`), actor(`${name}: server`), actor(`${name}: client`)];
    const silent = ['open', 'data', 'end', 'close'];
    let halves;
    const listener = serve('listener', {
      socket: plain.handlers(
        {
          data() {
            if (plain.count('data') > 0) return;
            plain.say('records');
            const [raw, tls] = halves;
            record?.({ raw, tls });
          },
        },
        { silent },
      ),
    });
    const socket = await dial('dial', listener, { socket: { data() {} } });
    await plain.seen('open');
    const quiet = { silent: ['open', 'drain'] };
    halves = plain.socket.upgradeTLS({
      tls: { ...identity('server-ec'), ca },
      socket: far.handlers({ open, handshake() {} }, { silent: ['open', 'handshake', 'error', 'close'] }),
    });
    upgraded?.(halves);
    const pair = socket.upgradeTLS({
      tls: { ca, serverName: 'localhost' },
      socket: near.handlers({ handshake() {} }, quiet),
    });
    client?.(pair);
    await near.seen('handshake');
    await turns(10);
    main.say(name, far.count('handshake'), near.count('handshake'));
    halves[1].resume();
    await turns(15);
    main.say(name, far.count('handshake'), near.count('handshake'), pair[1].readyState, halves[1].readyState);
    pair[1].terminate();
    listener.stop(true);
    await turns(4);
  }
  const listener = serve('shut', { handlers: {} });
  const socket = await dial('shut, client', listener);
  await actor('shut').seen('open');
  socket.shutdown();
  main.attempt('after shutdown', () => socket.upgradeTLS({ tls: { ca }, socket: { data() {} } }));
  main.say(socket.readyState);
  await actor('shut').seen('close');
  listener.stop(true);

  // One that shuts or leaves in `open` has failed, and is closed, inside of the call.
  for (const how of ['shutdown', 'end', 'terminate', 'close']) {
    const far = serve(`left by ${how}`, { handlers: {}, tls: identity('server-ec') });
    const leaver = actor(`leaves by ${how}`);
    const plain = await dial(`${how}, plain`, far, { handlers: { data() {} } });
    const socket = leaver.handlers({ open: (tls) => void tls[how](), handshake() {} });
    leaver.attempt('upgradeTLS', () => plain.upgradeTLS({ tls: { ca }, socket }).map((half) => half.readyState));
    await actor(`left by ${how}`).seen('close');
    far.stop(true);
  }
}
