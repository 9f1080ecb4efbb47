// Methods and getters on objects that are no sockets.
export default async function ({ pair, main }) {
  const { listener, near } = await pair();
  const other = {};
  for (const name of ['stop', 'ref', 'unref', 'reload', 'getsockname']) {
    main.attempt(`listener ${name}`, () => listener[name].call(other));
  }
  for (const name of ['write', 'end', 'close', 'pause', 'timeout', 'setNoDelay', 'getCipher', 'upgradeTLS']) {
    main.attempt(`socket ${name}`, () => near[name].call(other));
  }
  for (const value of [undefined, null, 5, 'text', Symbol('s'), () => {}, [], new Map()]) {
    main.attempt('listener stop of a value', () => listener.stop.call(value));
    main.attempt('socket write of a value', () => near.write.call(value, 'x'));
    main.attempt('socket end of a value', () => near.end.call(value, 'x'));
    main.attempt('socket pause of a value', () => near.pause.call(value));
  }
  for (const name of ['readyState', 'bytesWritten', 'remotePort']) {
    main.attempt(`getter ${name}`, () => Reflect.get(Object.getPrototypeOf(near), name, other));
  }
  for (const name of ['port', 'hostname']) {
    main.attempt(`listener getter ${name}`, () => Reflect.get(Object.getPrototypeOf(listener), name, other));
  }
  near.close();
  listener.stop(true);
}
