// What methods answer on a closed socket. Wrong arguments are in late-arguments and tls-late-arguments.
export default async function ({ pair, main, actor }) {
  const { listener, near } = await pair({
    client: {
      handlers: {
        close: (socket) =>
          main.say('inside close', socket.readyState, socket.write('x'), socket.end('y'), socket.flush()),
      },
    },
  });
  near.close();
  for (const [name, ...args] of [
    ['write', 'x'],
    ['write', ''],
    ['write', 5],
    ['end'],
    ['end', 5],
    ['flush'],
    ['close'],
    ['terminate'],
    ['shutdown'],
    ['shutdown', true],
    ['ref'],
    ['unref'],
    ['pause'],
    ['resume'],
    ['timeout', 5],
    ['reload', { socket: { data() {} } }],
    ['setNoDelay', true],
    ['setKeepAlive', true, 1000],
    ['setMaxSendFragment', 1024],
    ['setTypeOfService', 16],
    ['getTypeOfService'],
    ['setSession', Buffer.alloc(4)],
    ['setServername', 'x'],
    ['setVerifyMode', true, true],
    ['disableRenegotiation'],
    ['upgradeTLS', { tls: true, socket: { data() {} } }],
  ]) {
    main.attempt(`${name}(${args.map((a) => JSON.stringify(a)).join(', ')})`, () => near[name](...args));
  }
  main.attempt('dispose', () => near[Symbol.dispose]());
  await actor('server').seen('close');
  listener.stop(true);
}
