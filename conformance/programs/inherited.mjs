// Sockets of another process: one that listens, TCP and unix, one that is connected, and what cannot be taken over.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const say = (...what) => console.log(...what);
const nothing = { data() {} };

if (process.argv[2] === 'listen') {
  const listener = Bun.listen({
    fd: 3,
    hostname: '127.0.0.1',
    port: 1,
    data: 'shared',
    socket: {
      open: (socket) => void socket.write(`${socket.data} ${socket.listener === listener}, `),
      data(socket, data) {
        listener.stop();
        socket.end(data.toString().toUpperCase());
      },
      close: () => say('child: stopped', listener.fd),
    },
  });
  const name = {};
  listener.getsockname(name);
  say(
    'child:',
    listener.port,
    listener.hostname,
    listener.unix,
    listener.fd,
    name.family,
    name.address,
    typeof name.port,
  );
} else if (process.argv[2] === 'connect') {
  const opening = Bun.connect({
    fd: 3,
    data: 'mine',
    socket: {
      open: (socket) => say('child: open', socket.data, socket.readyState),
      drain: (socket) => say('child: drain', socket.write('from the child')),
      data: (socket, data) => void socket.end(data.toString().toUpperCase()),
      close: (socket, error) => say('child: close', socket.fd, error?.code),
    },
  });
  say('child: returned');
  const socket = await opening;
  say('child: resolved', socket.readyState);
  const again = await Bun.connect({ fd: 3, socket: nothing }).catch(({ message }) => message);
  say('child: again', again, socket.readyState);
} else {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inherited-'));
  const [bound, moved] = [path.join(folder, 'bound'), path.join(folder, 'moved')];
  for (const where of [{ hostname: '127.0.0.1', port: 0 }, { unix: bound }]) {
    const listener = Bun.listen({ ...where, socket: nothing });
    // Whoever stops a unix listener removes its path.
    if (where.unix !== undefined) fs.renameSync(bound, moved);
    const target = where.unix === undefined ? { ...where, port: listener.port } : { unix: moved };
    const running = child('listen', listener.fd, async () => say(await talk(target)));
    listener.stop();
    await running;
  }
  say(fs.readdirSync(folder).join());
  fs.rmSync(folder, { recursive: true });

  const ends = [];
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { ...nothing, open: (socket) => ends.push(socket) },
  });
  let heard = '';
  const near = await Bun.connect({
    hostname: '127.0.0.1',
    port: listener.port,
    socket: {
      data(socket, data) {
        if (heard === '') socket.write('from here');
        heard += data;
      },
      close: () => say('heard', heard),
    },
  });
  while (ends.length === 0) await new Promise(setImmediate);
  for (const [name, fd] of Object.entries({ 'its own': listener.fd, connected: near.fd, none: 9999 })) {
    try {
      Bun.listen({ fd, socket: nothing });
      say(name, 'listens');
    } catch (error) {
      say(name, error.message, error.code, error.errno, error.syscall, error.address, error.port);
    }
  }
  say(near.readyState, near.write(''), listener.fd > 0);
  await child('connect', ends[0].fd, () => ends[0].close());
  near.end();

  listener.stop(true);
}

/** Runs this program with a descriptor of this process as its own 3; `meanwhile` once it has said something. */
async function child(role, fd, meanwhile) {
  const { stdout } = spawn(process.execPath, [...process.execArgv, process.argv[1], role], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  let said = '';
  for await (const text of stdout) {
    if (said === '') await meanwhile();
    said += text;
  }
  say(said.trimEnd());
}

/** What a server answers to `hello`. */
function talk(target) {
  return new Promise((resolve, reject) => {
    let answer = '';
    Bun.connect({
      ...target,
      socket: {
        open: (socket) => void socket.write('hello'),
        data: (_socket, data) => void (answer += data),
        close: () => resolve(answer),
      },
    }).catch(reject);
  });
}
