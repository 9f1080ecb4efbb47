// `fd` in `udpSocket`: types, the order in which options are looked at, and descriptors that are no UDP sockets.
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export default async function ({ listen, udpSocket, main }) {
  const attempt = (what, options) => main.attempt(what, () => void udpSocket(options));
  for (const fd of [
    '',
    '3',
    1.5,
    NaN,
    Infinity,
    true,
    {},
    [3],
    3n,
    Symbol('s'),
    -1,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 31 - 1,
    99_999,
  ]) {
    attempt(String(fd), { fd });
  }
  attempt('port before', { fd: -1, port: -1 });
  attempt('flags before', { fd: -1, flags: 'x' });
  attempt('hostname after', { fd: -1, hostname: 5 });
  attempt('socket after', { fd: -1, socket: 5 });
  attempt('connect after', { fd: -1, connect: 5 });

  for (const fd of [null, undefined]) {
    const socket = await udpSocket({ fd, hostname: '127.0.0.1' });
    main.say(String(fd), socket.address.address);
    socket.close();
  }

  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  attempt('a listener', { fd: listener.fd });
  main.say('still open', listener.fd > 0);
  listener.stop();

  const file = openSync(fileURLToPath(import.meta.url));
  attempt('a file', { fd: file });
  closeSync(file);

  const one = await udpSocket({ hostname: '127.0.0.1' });
  attempt('one that is in use here', { fd: one.fd });
  main.say('still open', one.closed, one.fd > 0);
  for (const fd of [-1, 'x', 1.5, 3]) main.attempt(`reload ${fd}`, () => one.reload({ fd }));
  one.close();
}
