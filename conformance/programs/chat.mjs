// Sockets as keys of a Map, a Set and a WeakMap; writes to others, and to itself, inside close.
const names = new Map();
const everybody = new Set();
const joined = new WeakMap();
let count = 0;

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      everybody.add(socket);
      joined.set(socket, ++count);
      socket.write('name?\n');
    },
    data(socket, data) {
      for (const line of data.toString().split('\n').filter(Boolean)) {
        if (!names.has(socket)) {
          names.set(socket, line);
          for (const other of everybody) other.write(`+${line}\n`);
        } else {
          for (const [other] of names) if (other !== socket) other.write(`${names.get(socket)}: ${line}\n`);
        }
      }
    },
    close(socket) {
      console.log('leaves', names.get(socket), joined.has(socket), everybody.delete(socket), socket.write('to nobody'));
      for (const other of everybody) other.write(`-${names.get(socket)}\n`);
      names.delete(socket);
      if (everybody.size === 0) server.stop(true);
    },
  },
});

/** A client that waits for lines. */
async function client(name) {
  const log = [];
  let wanted;
  let wake;
  const look = () => {
    if (wake && log.join('').includes(wanted)) wake();
  };
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      data(_socket, data) {
        log.push(data.toString());
        look();
      },
    },
  });
  const heard = (text) =>
    new Promise((resolve) => {
      [wanted, wake] = [text, resolve];
      look();
    });
  await heard('name?\n');
  socket.write(`${name}\n`);
  await heard(`+${name}\n`);
  return { socket, heard, text: () => log.join('') };
}

const ada = await client('ada');
const bob = await client('bob');
ada.socket.write('hello\n');
await bob.heard('ada: hello\n');
bob.socket.write('hi\nhow are you?\n');
await ada.heard('how are you?\n');
bob.socket.end();
await ada.heard('-bob\n');
console.log(JSON.stringify(ada.text()));
console.log(JSON.stringify(bob.text()));
ada.socket.end();
