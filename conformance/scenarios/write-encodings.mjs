// Encodings of strings.
export default async function ({ raw, connect, main, actor }) {
  const peer = raw('peer', {});
  const near = await connect({ hostname: '127.0.0.1', port: await peer.port(), socket: actor('client').handlers() });
  for (const [text, ...args] of [
    ['gr\u00fcn', 'utf8'],
    ['gr\u00fcn', 'UTF-8'],
    ['gr\u00fcn', 'latin1'],
    ['gr\u00fcn', 'binary'],
    ['gr\u00fcn', 'ascii'],
    ['6869', 'hex'],
    ['6869', 'HEX'],
    ['zz', 'hex'],
    ['aGk=', 'base64'],
    ['aGk', 'base64url'],
    ['hi', 'utf16le'],
    ['hi', 'ucs2'],
    ['hi', 'buffer'],
    ['hi', 'no such encoding'],
    ['6869', undefined, 'hex'],
  ]) {
    main.attempt(`${text} ${args.join()}`, () => near.write(text, ...args));
    near.write('|');
  }
  main.attempt('a buffer with an encoding', () => near.write(Buffer.from('buf'), 'hex'));
  main.attempt('end with an encoding', () => near.end('6279', 'hex'));
  await peer.seen('close');
  await peer.leave();
}
