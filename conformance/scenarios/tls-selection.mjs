// The handlers `serverName` and `alpnCallback`, of which Bun's documentation does not speak: a listener has a say in handshakes.
import { ca, identity } from '../lib/certificates.mjs';

export default async function ({ listen, connect, main, actor }) {
  const protocol = (answer) => ({
    alpnCallback(socket, name, protocols) {
      main.say('alpnCallback', this === socket, name, Buffer.isBuffer(protocols), String(protocols));
      return answer(socket);
    },
  });
  const name = (answer) => ({
    serverName(data, announced, socket) {
      main.say('serverName', data, announced, this === socket, socket.readyState, socket.write('too early'));
      return answer(socket);
    },
  });
  const throwing = () => {
    throw new Error('from the handler');
  };
  const ways = {
    'one of the two': [protocol(() => 'b/2')],
    'none of them': [protocol(() => 'c')],
    'no string': [protocol(() => ({ toString: () => 'b/2' }))],
    'a String object': [protocol(() => new String('b/2'))],
    'nothing at all': [protocol(() => undefined)],
    'no protocol, and go on': [protocol(() => false)],
    'an Error': [protocol(() => new Error('returned'))],
    'a throw': [protocol(throwing)],
    'the client has none': [protocol(() => 'b/2'), { ALPNProtocols: undefined }],
    'in place of the option': [protocol(() => 'b/2'), {}, { ALPNProtocols: '\x03a/1' }],
    'TLS 1.2': [protocol(() => 'a/1'), { maxVersion: 0x0303 }],
    'name is fine': [name(() => undefined)],
    'name is null': [name(() => null)],
    'name is refused': [name(() => false)],
    'name throws': [name(throwing)],
    'no name': [name(() => undefined), { serverName: '' }],
    'first the name': [{ ...name(() => undefined), ...protocol(() => 'a/1') }],
    'closed by the handler': [protocol((socket) => void socket.terminate() || 'b/2')],
    'asks for a certificate when it knows the name': [name((socket) => void socket.setVerifyMode(true, true))],
    'asks when it knows the protocols': [protocol((socket) => socket.setVerifyMode(true, true) ?? 'a/1')],
    'takes any': [name((socket) => void socket.setVerifyMode(true, false))],
    'asks for none': [name((socket) => void socket.setVerifyMode(false, false)), {}, { requestCert: true, ca }],
    'stopped by the handler': [name(() => void listener.stop(true))],
  };
  let listener;
  for (const [way, [hooks, clientTls, serverTls]] of Object.entries(ways)) {
    main.say(way);
    const [server, client] = [actor(`server, ${way}`), actor(`client, ${way}`)];
    const answer = (socket, success, error) =>
      main.say('handshake', success, success ? socket.alpnProtocol : error, socket.getServername());
    listener = listen({
      ...{ hostname: '127.0.0.1', port: 0, data: 'of the listener', tls: { ...identity('server-ec'), ...serverTls } },
      socket: {
        ...server.handlers({ error() {} }, { silent: ['drain', 'end'] }),
        handshake: answer,
        ...hooks,
      },
    });
    const tls = {
      ca,
      serverName: 'localhost',
      ALPNProtocols: '\x03a/1\x03b/2',
      rejectUnauthorized: false,
      ...clientTls,
    };
    await connect({
      ...{ hostname: '127.0.0.1', port: listener.port, tls },
      socket: {
        ...client.handlers({}, { silent: ['drain', 'end', 'close'] }),
        handshake(socket, success) {
          client.say('handshake', success, success && socket.alpnProtocol);
          socket.end();
        },
      },
    });
    await server.seen('close');
    listener.stop(true);
  }
}
