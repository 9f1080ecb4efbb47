// The members of the UDP socket's class.
export default async function ({ udpSocket, main }) {
  const socket = await udpSocket({ hostname: '127.0.0.1' });
  const prototype = Object.getPrototypeOf(socket);
  for (const name of Object.getOwnPropertyNames(prototype).sort()) {
    const { value, get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, name);
    main.say(name, value ? value.length : 'accessor', Boolean(get), Boolean(set), enumerable, configurable);
  }
  main.say(udpSocket.name, udpSocket.length);
  main.say(Object.prototype.toString.call(socket));
  const wrong = Object.getOwnPropertyDescriptor(prototype, 'port').get;
  main.attempt('getter of another object', () => wrong.call({}));
  main.say(socket[Symbol.dispose].name, socket[Symbol.dispose].length, socket[Symbol.dispose](), socket.closed);
}
