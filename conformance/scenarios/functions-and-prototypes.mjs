// The functions are no constructors, and the objects have nothing between their prototype and Object's.
export default async function ({ listen, connect, udpSocket, main, serve, dial }) {
  for (const fn of [listen, connect, udpSocket]) {
    try {
      new fn({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
      main.say(fn.name, 'can be constructed');
    } catch (error) {
      main.say(fn.name, error.constructor.name);
    }
    main.say(fn.name, fn.length, Object.getOwnPropertyNames(fn).sort());
  }
  const listener = serve('server');
  const near = await dial('client', listener);
  const datagrams = await udpSocket({});
  for (const object of [listener, near, datagrams]) {
    const prototype = Object.getPrototypeOf(object);
    main.say(object, Object.getPrototypeOf(prototype) === Object.prototype, Object.hasOwn(prototype, 'constructor'));
  }
  datagrams.close();
  near.terminate();
  listener.stop(true);
}
