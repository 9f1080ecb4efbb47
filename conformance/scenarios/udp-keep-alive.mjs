// What a UDP socket means for its process.
export default async function ({ process }) {
  const run = async (name, ms) => {
    const child = process(name, name);
    await child.seen('ready');
    await child.exits(ms);
  };
  await run('closed');
  await run('unreferenced');
  await run('closedLater');
  await run('open', 500);
}

const say = (main) => main.say('ready');

export async function closed({ udpSocket, main }) {
  (await udpSocket({})).close();
  say(main);
}

export async function unreferenced({ udpSocket, main }) {
  const socket = await udpSocket({ socket: { data() {} } });
  socket.ref();
  socket.unref();
  say(main);
}

export async function closedLater({ udpSocket, main }) {
  const far = await udpSocket({ hostname: '127.0.0.1', socket: { data: (socket) => socket.close() } });
  const near = await udpSocket({ hostname: '127.0.0.1' });
  near.send('x', far.port, '127.0.0.1');
  near.close();
  say(main);
}

export async function open({ udpSocket, main }) {
  await udpSocket({});
  say(main);
}
