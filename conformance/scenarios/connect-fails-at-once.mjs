// What is known at once is told inside `connect`; what the network says comes later.
export default async function ({ connect, main, path }) {
  for (const [label, to] of [
    ['no such path', { unix: path('none') }],
    ['a path that is too long', { unix: `/tmp/${'x'.repeat(200)}` }],
    ['a local address of another machine', { hostname: '127.0.0.1', port: 1, localAddress: '203.0.113.9' }],
    ['refused', { hostname: '127.0.0.1', port: 1 }],
  ]) {
    main.say(label);
    let returned = false;
    const promise = connect({
      ...to,
      socket: {
        data() {},
        connectError(_socket, error) {
          main.say('connectError', error.code, returned ? 'later' : 'inside');
        },
      },
    });
    returned = true;
    const after = promise.catch((error) => main.say('rejected', error.code));
    process.nextTick(() => main.say('tick'));
    await after;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
