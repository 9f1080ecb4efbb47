// What a handler puts off with `setImmediate` comes before whatever else happens to a socket, what is done outside of handlers before timers
// that are set after it: where both ends are in one process.
export default async function ({ listen, connect, udpSocket, main, turns }) {
  let log = [];
  let act;
  let heard = () => {};
  let dialled;
  const far = {
    open: (socket) => {
      log.push('far open');
      far.socket = socket;
    },
    data: (socket, data) => {
      if (String(data) !== 'act') return void log.push('far data');
      log.push('far is called');
      act(socket);
    },
    end: () => log.push('far end'),
    close: () => log.push('far close'),
  };
  const near = {
    data: () => {
      log.push('near data');
      heard();
    },
    end: () => log.push('near end'),
    close: () => log.push('near close'),
  };
  const listener = listen({ hostname: '127.0.0.1', port: 0, allowHalfOpen: true, socket: far });
  const dial = () =>
    connect({ hostname: '127.0.0.1', port: listener.port, allowHalfOpen: true, socket: { ...near, drain() {} } });

  const later = (text) => setImmediate(() => log.push(text));
  for (const [name, inside] of Object.entries({
    'an answer': (socket) => [socket.write('x'), later('immediate')],
    'an answer after the immediate': (socket) => [later('immediate'), socket.write('x')],
    'an answer in the immediate': (socket) =>
      setImmediate(() => [log.push('immediate'), socket.write('x'), later('2nd')]),
    'an immediate in an immediate': (socket) => [socket.write('x'), setImmediate(() => later('2nd'))],
    'a tick, a microtask, an immediate': (socket) => {
      socket.write('x');
      later('immediate');
      Promise.resolve().then(() => log.push('microtask'));
      process.nextTick(() => log.push('tick'));
    },
    'the end': (socket) => [socket.shutdown(), later('immediate')],
    'a close': (socket) => [socket.close(), later('immediate')],
    'a termination': (socket) => [socket.terminate(), later('immediate')],
    'a connection': () => [void dial().then((socket) => socket.terminate()), later('immediate')],
    'an answer and the end': (socket) => {
      heard = () => later('put off by data');
      socket.write('x');
      socket.shutdown();
    },
    'an answer and a termination': (socket) => [socket.write('x'), socket.terminate()],
    'an answer and the end, after the other end': (socket) => {
      dialled.shutdown();
      socket.write('x');
      socket.shutdown();
    },
  })) {
    dialled = await dial();
    await turns(20);
    log = [];
    act = inside;
    dialled.write('act');
    await turns(40);
    main.say(`${name}:`, log.join(', '));
    dialled.terminate();
    await turns(20);
  }

  heard = () => {};
  const ears = { data: () => log.push('datagram') };
  const [one, two] = await Promise.all([0, 1].map(() => udpSocket({ hostname: '127.0.0.1', socket: ears })));
  for (const [name, outside] of Object.entries({
    write: (socket) => socket.write('x'),
    end: (socket) => socket.end(),
    shutdown: (socket) => socket.shutdown(),
    close: (socket) => socket.close(),
    terminate: (socket) => socket.terminate(),
    'resume, where data waits': (socket) => socket.resume(),
    'stop(true)': (_socket, own) => own.stop(true),
    connect: () => void dial().then((socket) => turns(10).then(() => socket.terminate())),
    send: () => one.send('x', two.port, '127.0.0.1'),
  })) {
    const own = listen({ hostname: '127.0.0.1', port: 0, allowHalfOpen: true, socket: far });
    const socket = await connect({ hostname: '127.0.0.1', port: own.port, socket: near });
    await turns(20);
    if (name.startsWith('resume')) {
      socket.pause();
      far.socket.write('waits');
    }
    await turns(20);
    await new Promise((resolve) => {
      setTimeout(() => {
        log = [];
        outside(socket, own);
        setTimeout(() => log.push('timer'), 0);
        setTimeout(resolve, 2);
      }, 1);
    });
    await turns(40);
    main.say(`${name}:`, log.join(', '));
    socket.terminate();
    own.stop(true);
  }
  one.close();
  two.close();
  listener.stop(true);
}
