// Where an error has its code, and in which order: on itself, or on what it inherits from.
import { ca, identity } from '../lib/certificates.mjs';

// What the engines add.
const ENGINE = ['message', 'stack', 'line', 'column', 'sourceURL', 'originalLine', 'originalColumn'];

function facts(error) {
  const inherited = [];
  for (const name in error) if (!Object.hasOwn(error, name)) inherited.push(name);
  const own = Reflect.ownKeys(error).filter((name) => !ENGINE.includes(name));
  const lines = [`${Object.prototype.toString.call(error)} own ${own}, enumerable ${Object.keys(error)}`];
  if (inherited.length > 0) lines.push(`inherited ${inherited}`);
  return `${lines.join(', ')}, as text ${String(error)}`;
}

export default async function ({ listen, connect, udpSocket, pair, main, actor, path, stable, certificate, raw }) {
  const tell = (label, error) => main.say(`${label}: ${stable(facts(error))}`);
  const attempt = (label, fn) => {
    try {
      fn();
      main.say(label, 'went well');
    } catch (error) {
      tell(label, error);
    }
  };
  const socket = { data() {} };
  const target = { hostname: '127.0.0.1', port: 0, socket };
  const { listener, near } = await pair();

  attempt('wrong data', () => near.write(5));
  attempt('wrong offset', () => near.write('abc', 4));
  attempt('offset and encoding', () => near.write('abcd', 1, 'hex'));
  attempt('wrong this', () => near.write.call({}));
  attempt('wrong listener', () => listener.stop.call(1));
  attempt('wrong getter', () => Reflect.get(Object.getPrototypeOf(near), 'readyState', {}));
  attempt('timeout', () => near.timeout(-1));
  attempt('no options', () => listen());
  attempt('port', () => listen({ ...target, port: 70_000 }));
  attempt('port in use', () => listen({ ...target, port: listener.port }));
  attempt('path', () => listen({ unix: path('none/none'), socket }));
  attempt('ciphers', () => listen({ ...target, tls: { ciphers: 'none' } }));
  attempt('authority', () => listen({ ...target, tls: { ca: 'none' } }));
  attempt('revocation list', () => listen({ ...target, tls: { crl: 'none' } }));
  attempt('certificate', () => listen({ ...target, tls: { key: 'none', cert: 'none' } }));
  const other = { key: certificate('stranger-key.pem'), cert: certificate('server-ec.pem') };
  attempt('key of another certificate', () => listen({ ...target, tls: other }));
  near.close();
  attempt('closed', () => near.upgradeTLS({ tls: true, socket }));
  await actor('server').seen('close');

  for (const [label, options] of [
    ['refused', { hostname: '127.0.0.1', port: 1 }],
    ['no such path', { unix: path('none') }],
    ['no such name', { hostname: 'no.such.name.invalid', port: 1 }],
  ]) {
    const connectError = (_socket, error) => tell(`${label}, handler`, error);
    await connect({ ...options, socket: { ...socket, connectError } }).catch((error) => tell(label, error));
  }

  const peer = raw('peer');
  const reset = actor('reset');
  await connect({
    ...{ hostname: '127.0.0.1', port: await peer.port() },
    socket: reset.handlers({ close: (_socket, error) => tell('reset', error) }, { silent: ['close'] }),
  });
  await peer.seen('accepted');
  peer.reset();
  await reset.seen('close');
  await peer.leave();

  for (const [label, tls] of [
    ['certificate of a stranger', { serverName: 'localhost' }],
    ['certificate for another name', { ca, serverName: 'other.example' }],
  ]) {
    const client = actor(label);
    const secure = listen({ ...target, tls: identity('server-ec'), socket: { ...socket, error() {} } });
    const handshake = (_socket, _success, error) => tell(label, error);
    await connect({
      ...{ hostname: '127.0.0.1', port: secure.port, tls },
      socket: client.handlers({ handshake }, { silent: ['handshake'] }),
    });
    await client.seen('close');
    secure.stop(true);
  }

  const udp = await udpSocket({ hostname: '127.0.0.1', socket: {} });
  attempt('udp, no address', () => udp.send('x'));
  attempt('udp, too long', () => udp.send(Buffer.alloc(70_000), 1, '127.0.0.1'));
  attempt('udp, option', () => udp.setTTL(0));
  attempt('udp, flags', () => udpSocket({ flags: 1.5 }));
  attempt('udp, in use', () => udpSocket({ hostname: '127.0.0.1', port: udp.port }));
  attempt('udp, no such name', () =>
    udpSocket({ hostname: '127.0.0.1', connect: { hostname: 'no.such.name.invalid', port: 1 } }),
  );
  udp.close();
  attempt('udp, closed', () => udp.setTTL(1));
  listener.stop(true);
}
