// In which order several UDP sockets of one process are told of what is due to them at once.
export default async function ({ udpSocket, main, turns, standIn }) {
  const gone = await udpSocket({ hostname: '127.0.0.1' });
  const dead = gone.port;
  gone.close();
  const to = '127.0.0.1';
  const acts = new Map();
  const open = (name) =>
    udpSocket({
      hostname: to,
      socket: {
        data(socket, data) {
          main.say(name, 'data', String(data));
          acts.get(`${name} ${data}`)?.(socket);
        },
        drain(socket) {
          main.say(name, 'drain');
          acts.get(`${name} drain`)?.(socket);
        },
        error(error) {
          main.say(name, error);
        },
      },
    });
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(open));
  for (const [name, socket] of Object.entries({ a, b, c, dead: { port: dead } })) standIn(socket.port, name);
  // The first room is told of, after what has come by then.
  a.send('at once', c.port, to);
  await turns();
  const step = async (label, act) => {
    main.say(`- ${label}`);
    act();
    await turns();
  };
  await step('as they are sent to', () => {
    c.send('1', a.port, to);
    a.send('2', c.port, to);
    b.send('3', b.port, to);
  });
  acts.set('a to itself', () => a.send('again', a.port, to));
  acts.set('a again', () => c.send('from another', a.port, to));
  await step('what comes while one is told', () => {
    b.send('to itself', a.port, to);
    b.send('behind', b.port, to);
  });
  let rounds = 20;
  acts.set('b more', () => rounds-- > 0 && b.send('more', b.port, to));
  await step('whoever always has more', () => {
    a.send('more', b.port, to);
    c.send('waits', a.port, to);
  });
  await step('room after a refusal', () => {
    a.sendMany(['first', c.port, to, Buffer.alloc(70_000), c.port, to]);
    b.send('second', a.port, to);
  });
  acts.set('a refuse', () => a.sendMany(['of a', b.port, to, Buffer.alloc(70_000), b.port, to]));
  await step('room after a refusal in a handler', () => {
    c.send('refuse', a.port, to);
    c.send('of c', c.port, to);
  });
  acts.set('c dead', () => {
    c.sendMany(['x', dead, to, 'y', b.port, to]);
    c.send('z', b.port, to);
  });
  await step('an error, room and a datagram', () => a.send('dead', c.port, to));
  await step('an error and a datagram', () => {
    a.send('x', dead, to);
    b.send('y', b.port, to);
    c.send('z', a.port, to);
  });
  for (const socket of [a, b, c]) socket.close();
}
