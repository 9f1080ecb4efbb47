// Who is told first, where both ends of several connections are in one process: those who were told in the pass before, then the others
// as they became ready. A promise's reactions run when a handler has returned.
export default async function ({ listen, connect, main, turns }) {
  const far = [];
  let log = [];
  const handlers = (name) => ({
    data: (socket, data) => log.push(`${name ?? far.indexOf(socket)} data ${data.length}`),
    end: (socket) => log.push(`${name ?? far.indexOf(socket)} end`),
    close: (socket) => log.push(`${name ?? far.indexOf(socket)} close`),
  });
  const listener = listen({
    ...{ hostname: '127.0.0.1', port: 0 },
    socket: { ...handlers(), open: (socket) => log.push(`${far.push(socket) - 1} open`) },
  });
  const dial = (name, extra = {}) => {
    const promise = connect({
      ...{ hostname: '127.0.0.1', port: listener.port, allowHalfOpen: true },
      socket: { ...handlers(name), ...extra },
    });
    promise.then(() => log.push(`${name} connected`));
    return promise;
  };
  const open = (name) => ({ open: () => log.push(`${name} open`) });
  const a = await dial('a', open('a'));
  const b = await dial('b', open('b'));
  await turns(20);

  const programs = {
    'a write, then a connection': () => [far[0].write('x'), dial('c')],
    'a connection, then a write': () => [dial('d'), far[0].write('x')],
    'a connection between two writes': () => [far[0].write('x'), dial('e'), far[1].write('y')],
    'two connections and two writes': () => [dial('f'), dial('g', open('g')), far[0].write('x'), b.write('y')],
    'one connection without an open handler, and one with': () => [dial('h', open('h')), dial('i'), a.write('z')],
    'answers, each to the one before': () => [b.write('1'), a.write('2'), far[1].write('3'), far[0].write('4')],
    'the end of one, the data of another': () => [far[2].shutdown(), far[1].write('x'), far[3].end(), b.write('y')],
  };
  for (const [name, program] of Object.entries(programs)) {
    log = [];
    setTimeout(program, 1);
    await turns(40);
    main.say(`${name}:`, log.join(', '));
  }

  // In the very first turn of a connection, and inside of handlers.
  for (const [name, inside] of Object.entries({
    'both write when they are open': { near: (s) => s.write('from near'), far: (s) => s.write('from far') },
    'far shuts down, near writes': { near: (s) => s.write('from near'), far: (s) => s.shutdown() },
    'near shuts down, far writes': { near: (s) => s.shutdown(), far: (s) => s.write('from far') },
    'far shuts both sides': { near: () => {}, far: (s) => [s.shutdown(true), s.shutdown()] },
  })) {
    log = [];
    const one = listen({
      ...{ hostname: '127.0.0.1', port: 0 },
      socket: { ...handlers('far'), open: (socket) => [log.push('far open'), inside.far(socket)] },
    });
    const near = await connect({
      ...{ hostname: '127.0.0.1', port: one.port, allowHalfOpen: true },
      socket: { ...handlers('near'), open: (socket) => [log.push('near open'), inside.near(socket)] },
    });
    await turns(40);
    main.say(`${name}:`, log.join(', '));
    near.close();
    one.stop(true);
  }
  listener.stop(true);
}
