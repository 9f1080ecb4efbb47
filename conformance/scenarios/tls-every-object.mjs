// Which values of `tls` mean TLS: the listener's side, seen by a third party that speaks plain text.
export default async function ({ listen, raw, main, actor }) {
  for (const [label, tls] of [
    ['true', true],
    ['{}', {}],
    ['ca: []', { ca: [] }],
    ['requestCert: false', { requestCert: false }],
    ['false', false],
    ['null', null],
  ]) {
    const server = actor(`server, tls ${label}`);
    const listener = listen({ hostname: '127.0.0.1', port: 0, tls, socket: server.handlers() });
    const peer = raw(`peer of ${label}`, { listen: undefined, connect: { port: listener.port } });
    peer.end('GET / HTTP/1.0\r\n\r\n');
    await server.seen('close');
    await peer.seen('close');
    main.say(label, 'received in plain text', server.bytes);
    await peer.leave();
    listener.stop(true);
  }
}
