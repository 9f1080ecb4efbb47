// Broadcast, time to live, loopback, interface: results and refusals.
export default async function ({ udpSocket, main }) {
  for (const hostname of ['127.0.0.1', '::1']) {
    const socket = await udpSocket({ hostname });
    const call = (name, ...args) =>
      main.attempt(
        `${hostname} ${name}(${args.map((arg) => (typeof arg === 'string' ? `"${arg}"` : String(arg)))})`,
        () => socket[name](...args),
      );
    for (const value of [true, false, 1, 0, '', 'x', null, undefined]) {
      call('setBroadcast', value);
      call('setMulticastLoopback', value);
    }
    for (const value of [
      1,
      255,
      0,
      256,
      -1,
      1.9,
      0.5,
      '5',
      'x',
      true,
      null,
      undefined,
      Number.NaN,
      2 ** 32 + 5,
      [7],
      9n,
    ]) {
      call('setTTL', value);
      call('setMulticastTTL', value);
    }
    for (const value of ['127.0.0.1', '127.1', '0.0.0.0', '203.0.113.9', 'nowhere', '', 'lo', null, undefined, 5, 0]) {
      call('setMulticastInterface', value);
    }
    for (const value of ['::1', '::', '::%lo']) call('setMulticastInterface', value);
    const setters = ['setBroadcast', 'setMulticastLoopback', 'setTTL', 'setMulticastTTL', 'setMulticastInterface'];
    for (const name of setters) call(name);
    main.say(socket.ref(), socket.unref(), socket.ref());
    socket.close();
    for (const name of setters) {
      call(name);
      call(name, 'x');
    }
    main.say(socket.ref(), socket.unref());
  }
}
