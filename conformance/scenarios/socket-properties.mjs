// Properties while open and after close (read before, so that either way of keeping them is seen).
export default async function ({ pair, main, standIn, actor }) {
  const { listener, near, far } = await pair();
  standIn(near.localPort, 'client port');
  const tell = (label, s) => {
    main.say(
      label,
      'state',
      s.readyState,
      'written',
      s.bytesWritten,
      'authorized',
      s.authorized,
      'alpn',
      s.alpnProtocol,
    );
    main.say(label, 'listener', s.listener === listener, 'fd', s.fd === -1 ? -1 : typeof s.fd, 'data', s.data);
    main.say(
      label,
      'remote',
      s.remoteFamily,
      s.remoteAddress,
      s.remotePort,
      'local',
      s.localFamily,
      s.localAddress,
      s.localPort,
    );
  };
  tell('near', near);
  tell('far', far);
  near.write('12345');
  near.end('678');
  await actor('server').seen('close');
  main.say('near', near.readyState, near.bytesWritten, near.remotePort, near.fd, near.listener);
  main.say('far', far.readyState, far.bytesWritten, far.remotePort, far.fd, far.listener);
  listener.stop(true);
}
