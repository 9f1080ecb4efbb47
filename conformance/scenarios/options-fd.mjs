// `fd`: types, and that listening on one is not offered.
export default async function ({ listen, connect, main }) {
  const socket = { data() {} };
  for (const [name, call] of Object.entries({ listen, connect })) {
    for (const fd of [null, '3', 1.5, {}, true]) {
      main.attempt(`${name} ${JSON.stringify(fd)}`, () => call({ fd, socket }));
    }
  }
  main.attempt('listen 9999', () => listen({ fd: 9999, socket }));
  main.attempt('listen -1', () => listen({ fd: -1, socket }));
  main.attempt('listen, with a hostname too', () => listen({ fd: 9999, hostname: '127.0.0.1', port: 0, socket }));
}
