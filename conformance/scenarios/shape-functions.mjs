// What listen and connect are, before they are called.
export default async function ({ listen, connect, main }) {
  for (const fn of [listen, connect]) main.say(fn.name, 'length', fn.length, typeof fn);
  const detached = listen.call(undefined, { hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const promise = connect.call(7, { hostname: '127.0.0.1', port: detached.port, socket: { data() {} } });
  main.say('promise', promise instanceof Promise, Object.prototype.toString.call(promise));
  (await promise).close();
  detached.stop(true);
}
