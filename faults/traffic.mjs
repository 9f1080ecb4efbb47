// Both ends of some connections, in one process, each sending a known text to the other. Prints what became of every end.
//   node traffic.mjs '{"transport": "tcp" | "unix" | "tls" | "name", "connections": 4, "bytes": 100000, "unix": "/a/path"}'
//
// Whatever system calls fail on the way, every end must hear of its close once, and the process must end by itself.

import fs from 'node:fs';
import { createHash } from 'node:crypto';
import { connect, listen } from 'bun-sockets';

const { transport, connections, bytes, unix } = JSON.parse(process.argv[2]);
const certificate = (name) =>
  fs.readFileSync(new URL(`../conformance/certificates/${name}.pem`, import.meta.url), 'utf8');
const tls = {
  server: { cert: certificate('server-ec'), key: certificate('server-ec-key') },
  client: { ca: certificate('authority'), serverName: 'localhost' },
};

/** What one end sends: no two ends send the same, and no byte can be missing or moved without showing. */
function textOf(name) {
  const text = Buffer.alloc(bytes);
  for (let at = 0, n = 0; at < bytes; n++) at += createHash('sha512').update(`${name} ${n}`).digest().copy(text, at);
  return text;
}

/** With TLS several records, which one `sendmsg` sends. */
const PIECE = transport === 'tls' ? 40_000 : 16_384;

/** One end of a connection: sends all it can, compares what it gets. */
class End {
  sent = 0;
  received = 0;
  intact = true;
  closes = 0;
  ends = 0;
  error = null;
  refused = false;
  /** @param {string} own @param {string} other */
  constructor(own, other) {
    this.out = textOf(own);
    this.expected = textOf(other);
  }

  send(socket) {
    while (this.sent < this.out.length && !this.refused) {
      const count = socket.write(this.out.subarray(this.sent, this.sent + PIECE));
      if (count < 0) {
        this.refused = true;
        // A broken connection closes by itself, or can only be given up.
        setTimeout(() => socket.close(), 50);
        return;
      }
      this.sent += count;
      if (count === 0) return;
    }
  }

  take(data) {
    const from = this.received;
    this.received += data.length;
    if (!data.equals(this.expected.subarray(from, this.received))) this.intact = false;
  }

  get isDone() {
    return this.sent === this.out.length && this.received === this.expected.length;
  }

  report() {
    const { sent, received, intact, closes, ends, error, refused } = this;
    return { sent, received, intact, closes, ends, error, refused };
  }
}

const servers = new Map();
const accepted = [];
const clients = [];
const failed = [];
let over = 0;

// The first two bytes of a client say which it is; what the server end sends depends on it.
const handlers = {
  open(socket) {
    accepted.push((socket.data = { head: Buffer.alloc(0), end: undefined }));
  },
  data(socket, data) {
    const { data: state } = socket;
    if (state.end === undefined) {
      state.head = Buffer.concat([state.head, data]);
      if (state.head.length < 2) return;
      const n = state.head.readUInt16BE();
      state.end = new End(`server ${n}`, `client ${n}`);
      servers.set(n, state.end);
      if (state.head.length > 2) state.end.take(state.head.subarray(2));
      state.end.send(socket);
      return;
    }
    state.end.take(data);
  },
  drain(socket) {
    socket.data.end?.send(socket);
  },
  end(socket) {
    if (socket.data.end) socket.data.end.ends++;
  },
  close(socket, error) {
    // A handshake that fails is told without `open`.
    if (socket.data === undefined) accepted.push((socket.data = { end: undefined }));
    const end = (socket.data.end ??= new End('nobody', 'nobody'));
    end.closes++;
    end.error = error?.code ?? null;
    finish();
  },
  error(_, error) {
    console.error(error);
    process.exit(3);
  },
};

let listener;
try {
  listener = listen({
    ...(transport === 'unix' ? { unix } : { hostname: '127.0.0.1', port: 0 }),
    ...(transport === 'tls' ? { tls: tls.server } : {}),
    socket: handlers,
  });
} catch (error) {
  console.log(JSON.stringify({ listen: error.code ?? error.message }));
  process.exit(0);
}

function finish() {
  over++;
  const open = accepted.length + clients.length;
  if (settled === connections && over === open) listener.stop();
}

let settled = 0;
// "127.1" is an address only to getaddrinfo: it takes the way of a name.
for (let n = 0; n < connections; n++) {
  const end = new End(`client ${n}`, `server ${n}`);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(n);
  let announced = 0;
  const send = (socket) => {
    while (announced < 2) {
      const count = socket.write(head.subarray(announced));
      if (count < 0) {
        end.refused = true;
        setTimeout(() => socket.close(), 50);
        return;
      }
      if (count === 0) return;
      announced += count;
    }
    end.send(socket);
    // The last one to finish ends: the server has everything it sent acknowledged by then.
    if (end.isDone) socket.end();
  };
  connect({
    ...(transport === 'unix'
      ? { unix }
      : { hostname: transport === 'name' ? '127.1' : '127.0.0.1', port: listener.port }),
    ...(transport === 'tls' ? { tls: tls.client } : {}),
    socket: {
      open: send,
      drain: send,
      data(socket, data) {
        end.take(data);
        if (end.isDone) socket.end();
      },
      end: () => void end.ends++,
      close(_, error) {
        end.closes++;
        end.error = error?.code ?? null;
        finish();
      },
      error: handlers.error,
      connectError: (_, error) => void failed.push(error.code ?? error.message),
    },
  }).then(
    () => {
      clients.push(end);
      settled++;
    },
    () => {
      settled++;
      over--;
      finish();
    },
  );
}

process.on('exit', () => {
  console.log(
    JSON.stringify({
      clients: clients.map((end) => end.report()),
      servers: accepted.map(({ end }) => end?.report() ?? { closes: 0 }),
      failed,
    }),
  );
});
