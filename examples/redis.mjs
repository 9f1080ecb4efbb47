// A Redis client in a hundred lines: the protocol (RESP), pipelining, and values larger than any buffer.
//
//   node examples/redis.mjs localhost 6379
//   node examples/redis.mjs /run/redis.sock
//
// It writes and removes keys that begin with "bun-sockets:".

import { connect } from 'bun-sockets';

const CRLF = '\r\n';

/** Cuts replies out of the stream. */
class Replies {
  #bytes = Buffer.alloc(0);

  /** All replies that are complete now. */
  *take(chunk) {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const reply = this.#read(0);
      if (reply === undefined) return;
      this.#bytes = this.#bytes.subarray(reply.end);
      yield reply.value;
    }
  }

  /** The reply at an offset and where it ends; undefined if it has not all come. */
  #read(at) {
    const lineEnd = this.#bytes.indexOf(CRLF, at);
    if (lineEnd < 0) return undefined;
    const line = this.#bytes.toString('utf8', at + 1, lineEnd);
    const end = lineEnd + CRLF.length;
    switch (String.fromCharCode(this.#bytes[at])) {
      case '+':
        return { value: line, end };
      case '-':
        return { value: new Error(line), end };
      case ':':
        return { value: Number(line), end };
      case '$': {
        const length = Number(line);
        if (length < 0) return { value: null, end };
        if (this.#bytes.length < end + length + CRLF.length) return undefined;
        return { value: this.#bytes.subarray(end, end + length), end: end + length + CRLF.length };
      }
      case '*': {
        const value = [];
        let next = end;
        for (let i = 0; i < Number(line); i++) {
          const element = this.#read(next);
          if (element === undefined) return undefined;
          value.push(element.value);
          next = element.end;
        }
        return { value, end: next };
      }
      default:
        throw new Error(`not a reply: ${line}`);
    }
  }
}

/** A command: an array of strings with their lengths. */
const encode = (parts) =>
  Buffer.concat(
    [`*${parts.length}${CRLF}`, ...parts.flatMap((part) => [`$${Buffer.byteLength(part)}${CRLF}`, part, CRLF])].map(
      (part) => Buffer.from(part),
    ),
  );

export async function redis(address) {
  const waiting = []; // Redis answers in order
  const unsent = [];
  const replies = new Replies();
  const flush = (socket) => {
    while (unsent.length > 0) {
      const taken = socket.write(unsent[0]);
      if (taken < unsent[0].length) {
        if (taken > 0) unsent[0] = unsent[0].subarray(taken);
        return;
      }
      unsent.shift();
    }
  };
  const socket = await connect({
    ...address,
    socket: {
      drain: flush,
      data(_socket, chunk) {
        for (const value of replies.take(chunk)) {
          const { resolve, reject } = waiting.shift();
          if (value instanceof Error) reject(value);
          else resolve(value);
        }
      },
      close(_socket, error) {
        for (const { reject } of waiting) reject(error ?? new Error('the connection was closed'));
      },
    },
  });
  return {
    send(...parts) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        unsent.push(encode(parts));
        if (unsent.length === 1) flush(socket);
      });
    },
    close: () => socket.end(),
  };
}

const [where = 'localhost', port = '6379'] = process.argv.slice(2);
const address = where.includes('/') ? { unix: where } : { hostname: where, port: Number(port) };
const client = await redis(address).catch((error) => {
  console.error(`no Redis at ${where}: ${error.code}`);
  process.exit(1);
});

const key = (name) => `bun-sockets:${process.pid}:${name}`;
console.log('PING', await client.send('PING'));
console.log('SET', await client.send('SET', key('greeting'), 'grüß dich'));
console.log('GET', String(await client.send('GET', key('greeting'))));
console.log('GET of nothing', await client.send('GET', key('nothing')));

const counts = await Promise.all(Array.from({ length: 10_000 }, () => client.send('INCR', key('counter'))));
console.log(
  '10000 INCR at once, in order:',
  counts.every((count, i) => count === i + 1),
);

const large = Buffer.alloc(32 * 1024 * 1024, 'more than fits ');
await client.send('SET', key('large'), large);
console.log('32 MiB there and back, equal:', large.equals(await client.send('GET', key('large'))));

await client.send('RPUSH', key('list'), 'a', 'b', 'c');
console.log('LRANGE', (await client.send('LRANGE', key('list'), '0', '-1')).map(String).join());
await client.send('INCR', key('list')).catch((error) => console.log('refused:', error.message));

console.log('DEL', await client.send('DEL', ...['greeting', 'counter', 'large', 'list'].map(key)));
client.close();
