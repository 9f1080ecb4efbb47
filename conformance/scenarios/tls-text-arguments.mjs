// What counts as text or bytes in the arguments of the methods about TLS.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const [server, client] = [actor('server'), actor('client')];
  const silent = { silent: ['handshake', 'drain'] };
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0, tls: identity('server-ec') },
    socket: server.handlers({ handshake() {} }, silent),
  });
  const near = await connect({
    ...{ hostname: '127.0.0.1', port: listener.port, tls: { ca } },
    socket: client.handlers({ handshake() {} }, silent),
  });
  await Promise.all([server.seen('handshake'), client.seen('handshake')]);
  class Text extends String {}
  const expected = near.exportKeyingMaterial(8, 'label', 'context');
  const bytes = Buffer.from('context');
  for (const [label, value] of Object.entries({
    ...{ 'a String object': new String('context'), 'of a subclass': new Text('context'), 'a Buffer': bytes },
    ...{ 'an ArrayBuffer': new Uint8Array(bytes).buffer, 'a DataView': new DataView(new Uint8Array(bytes).buffer) },
    ...{
      undefined: undefined,
      null: null,
      'a number': 5,
      'an array': [],
      'with toString': { toString: () => 'context' },
    },
  })) {
    main.attempt(`context: ${label}`, () => near.exportKeyingMaterial(8, 'label', value).equals(expected));
    main.attempt(`label: ${label}`, () => near.exportKeyingMaterial(8, value)?.length);
    main.attempt(`session: ${label}`, () => near.setSession(value));
  }
  const closing = new String('context');
  closing[Symbol.toPrimitive] = () => {
    near.terminate();
    return 'context';
  };
  main.attempt('a context that closes the socket', () => near.exportKeyingMaterial(8, 'label', closing));
  await server.seen('close');
  listener.stop(true);
}
