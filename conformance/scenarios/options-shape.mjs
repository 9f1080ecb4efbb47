// What is no options object, and what `socket` must be.
const socket = { data() {} };

export default async function ({ listen, connect, main }) {
  for (const [name, call] of Object.entries({ listen, connect })) {
    for (const value of [undefined, null, 5, 'text', true, [], {}, { hostname: 'localhost', port: 0 }]) {
      main.attempt(`${name}(${JSON.stringify(value)})`, () => call(value));
    }
    main.attempt(`${name}()`, () => call());
    for (const value of [null, 5, 'text', [], false, {}, { open() {} }, { data: null, drain: undefined }]) {
      main.attempt(`${name} socket ${JSON.stringify(value)}`, () =>
        call({ hostname: '127.0.0.1', port: 0, socket: value }),
      );
    }
    main.attempt(`${name} nowhere`, () => call({ socket }));
    main.attempt(`${name} empty names`, () => call({ socket, hostname: '', unix: '', port: 1 }));
    main.attempt(`${name} no port`, () => call({ socket, hostname: '127.0.0.1' }));
    main.attempt(`${name} port null`, () => call({ socket, hostname: '127.0.0.1', port: null }));
  }
}
