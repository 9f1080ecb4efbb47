// Resolves a name over UDP (RFC 1035), from a small resolver on loopback.
import { udpSocket } from 'bun-sockets';

/** Labels of a name, each after its length, and an empty one. */
const encodeName = (name) =>
  Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);

/** The name at an offset, and where it ends. */
function readName(message, offset) {
  const labels = [];
  for (let length = message[offset++]; length > 0; length = message[offset++]) {
    labels.push(message.toString('latin1', offset, offset + length));
    offset += length;
  }
  return { name: labels.join('.'), end: offset };
}

const A_RECORD = [0, 1, 0, 1]; // type A, class IN
const NO_SUCH_NAME = 3;
const known = new Map([
  ['router.example', '192.0.2.1'],
  ['printer.example', '192.0.2.7'],
]);

/** A resolver that knows a few names by heart. */
const resolver = await udpSocket({
  hostname: '127.0.0.1',
  socket: {
    data(socket, query, port, address) {
      const { name, end } = readName(query, 12);
      const found = known.get(name);
      const header = Buffer.from(query.subarray(0, 12));
      header.writeUInt16BE(0x8180 | (found ? 0 : NO_SUCH_NAME), 2); // an answer, recursion available
      header.writeUInt16BE(found ? 1 : 0, 6); // how many answers
      const answer = found ? [0xc0, 12, ...A_RECORD, 0, 0, 0, 60, 0, 4, ...found.split('.').map(Number)] : [];
      socket.send(Buffer.concat([header, query.subarray(12, end + 4), Buffer.from(answer)]), port, address);
    },
  },
});

/** A client: answers belong to questions by their number. */
const waiting = new Map();
const client = await udpSocket({
  connect: { hostname: '127.0.0.1', port: resolver.port }, // nobody else's datagrams are delivered
  socket: {
    data(_socket, answer) {
      const settle = waiting.get(answer.readUInt16BE(0));
      waiting.delete(answer.readUInt16BE(0));
      const failed = answer[3] & 15;
      settle?.(failed ? `error ${failed}` : [...answer.subarray(-4)].join('.'));
    },
    error: (error) => console.error('the resolver is not there:', error.code),
  },
});

let last = 0;
function resolve(name) {
  const id = ++last & 0xffff;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2); // recursion desired
  header.writeUInt16BE(1, 4); // one question
  return new Promise((settle, fail) => {
    waiting.set(id, settle);
    client.send(Buffer.concat([header, encodeName(name), Buffer.from(A_RECORD)]));
    setTimeout(() => fail(new Error(`no answer for ${name}`)), 2000).unref(); // datagrams get lost
  });
}

for (const name of ['router.example', 'printer.example', 'nobody.example']) {
  console.log(name, await resolve(name));
}
client.close();
resolver.close();
