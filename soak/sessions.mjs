// One connection of the soak: both ends say what they are meant to say, with pauses, and compare what they hear.

import fs from 'node:fs';
import { connect } from 'bun-sockets';

const pem = (name) => fs.readFileSync(new URL(`../conformance/certificates/${name}.pem`, import.meta.url), 'utf8');
export const SERVER = { cert: pem('server-ec'), key: pem('server-ec-key') };
const CLIENT = { ca: pem('authority'), serverName: 'localhost' };

/** What is said repeats itself after so many bytes; a prime number, so that no buffer's size divides it. */
const PERIOD = 1_048_573;
/** The largest piece that is compared at once. */
const LARGEST = 1 << 20;

const words = Buffer.alloc(PERIOD + LARGEST);
for (let n = 0; n < PERIOD; n++) words[n] = Math.imul(n, 2_654_435_761) >>> 13;
words.copy(words, PERIOD, 0, LARGEST);

/** So many bytes of what an end says. */
const said = (from, length) => words.subarray(from % PERIOD, (from % PERIOD) + length);

/** A connection that is not over by then hangs. */
const LIMIT_MS = 60_000;

/** How a connection goes; `random` decides. */
export function plan(random, kind) {
  const size = () => Math.floor(2 ** (random() * 21));
  return {
    kind,
    up: size(),
    down: size(),
    halfOpen: random() < 0.3,
    // Somewhere on the way, one of the two cuts it.
    cut: random() < 0.1 ? { by: random() < 0.5 ? 'client' : 'server', after: size() } : undefined,
    reloads: random() < 0.2,
    random,
  };
}

/** One end. The socket's `data` is this. */
class End {
  sent = 0;
  received = 0;
  closed = false;
  ended = false;
  error = undefined;
  socket = undefined;
  #waiting = false;

  constructor(session, name, toSend, toReceive) {
    this.session = session;
    this.name = name;
    this.toSend = toSend;
    this.toReceive = toReceive;
  }

  get isDone() {
    return this.sent === this.toSend && this.received === this.toReceive;
  }

  pump() {
    const { socket, session } = this;
    const { random } = session.plan;
    if (this.closed || this.#waiting) return;
    while (this.sent < this.toSend) {
      const length = Math.min(1 + Math.floor(2 ** (random() * 19)), this.toSend - this.sent);
      const count = socket.write(said(this.sent, length));
      if (count < 0) {
        // The reset of the other end may not have been told yet.
        if (!session.isCut) session.fail(`${this.name}: write gave ${count} after ${this.sent} of ${this.toSend}`);
        return;
      }
      if (count > length) session.fail(`${this.name}: write took ${count} of ${length}`);
      this.sent += count;
      if (this.#cutsNow()) return;
      if (count < length) return;
      if (random() < 0.05) {
        this.#later(() => this.pump());
        return;
      }
    }
    this.#finish();
  }

  take(data) {
    const { session } = this;
    const { random } = session.plan;
    if (!data.equals(said(this.received, data.length))) session.fail(`${this.name}: other bytes than were said`);
    this.received += data.length;
    session.totals.bytes += data.length;
    if (this.received > this.toReceive) session.fail(`${this.name}: ${this.received} bytes of ${this.toReceive}`);
    if (this.#cutsNow()) return;
    if (random() < 0.05) {
      this.socket.pause();
      session.totals.pauses++;
      setTimeout(() => this.closed || this.socket.resume(), random() * 20);
    }
    if (session.plan.reloads && random() < 0.1) {
      session.totals.reloads++;
      this.socket.reload({ socket: { ...(this.name === 'client' ? CLIENT_HANDLERS : SERVER_HANDLERS) } });
    }
    this.#finish();
  }

  close(error) {
    if (this.closed) this.session.fail(`${this.name}: closed twice`);
    this.closed = true;
    this.error = error;
    this.session.look();
  }

  /** The peer's FIN. */
  end() {
    if (this.ended) this.session.fail(`${this.name}: ended twice`);
    this.ended = true;
    this.#finish();
  }

  #later(work) {
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      work();
    }, this.session.plan.random() * 5);
  }

  #cutsNow() {
    const { cut } = this.session.plan;
    if (cut?.by !== this.name || this.sent + this.received < cut.after || this.closed) return false;
    this.session.isCut = true;
    this.session.totals.resets++;
    this.socket.terminate();
    return true;
  }

  #finish() {
    if (this.closed || this.socket === undefined) return;
    if (this.session.plan.halfOpen) {
      // The client says that it has no more; the server goes on and ends when it has said everything.
      if (this.name === 'client' && this.sent === this.toSend && !this.shut) {
        this.shut = true;
        this.session.totals.halfCloses++;
        this.socket.shutdown();
      }
      if (this.name === 'server' && this.isDone && this.ended) this.socket.end();
      return;
    }
    if (this.name === 'client' && this.isDone) this.socket.end();
  }
}

/** Sessions by number: the first four bytes of a client say which it is. */
const sessions = new Map();
let last = 0;

class Session {
  isCut = false;

  constructor(how, totals) {
    this.plan = how;
    this.totals = totals;
    this.number = last = (last + 1) >>> 0;
    this.client = new End(this, 'client', how.up, how.down);
    this.server = new End(this, 'server', how.down, how.up);
    this.over = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.timer = setTimeout(() => this.fail('it hangs'), LIMIT_MS);
    sessions.set(this.number, this);
  }

  fail(why) {
    clearTimeout(this.timer);
    const { random: _, ...how } = this.plan;
    const end = ({ sent, received, closed, ended, error }) => ({ sent, received, closed, ended, error: error?.code });
    this.reject(new Error(`${why}: ${JSON.stringify({ ...how, client: end(this.client), server: end(this.server) })}`));
  }

  look() {
    const { client, server, plan: how } = this;
    // Whoever was reset before it was accepted, or before it had said who it is, has no other end.
    const alone = this.isCut && server.socket === undefined;
    if (!client.closed || !(server.closed || alone)) return;
    clearTimeout(this.timer);
    sessions.delete(this.number);
    if (!this.isCut) {
      if (client.error || server.error) return this.fail('closed with an error');
      if (server.received !== how.up || client.received !== how.down) return this.fail('something is missing');
    }
    this.resolve();
  }
}

const HEAD = 4;

/** Of accepted sockets. */
export const SERVER_HANDLERS = {
  open(socket) {
    socket.data = { head: Buffer.alloc(0) };
  },
  data(socket, data) {
    if (socket.data instanceof End) {
      socket.data.take(data);
      return;
    }
    // After an upgrade these are the records, as they come.
    if (socket.data === undefined) return;
    const head = Buffer.concat([socket.data.head, data]);
    socket.data.head = head;
    if (head.length < HEAD) return;
    const session = sessions.get(head.readUInt32BE());
    const end = session?.server;
    // A session that failed is not there any more.
    if (end === undefined) return void socket.terminate();
    end.socket = socket;
    socket.data = end;
    if (session.plan.kind === 'upgrade') {
      socket.write('go');
      socket.data = undefined;
      const [, secure] = socket.upgradeTLS({ data: end, tls: SERVER, socket: SECURE_HANDLERS });
      end.socket = secure;
      return;
    }
    if (head.length > HEAD) end.take(head.subarray(HEAD));
    end.pump();
  },
  drain(socket) {
    if (socket.data instanceof End) socket.data.pump();
  },
  end(socket) {
    if (socket.data instanceof End) socket.data.end();
    else if (socket.data !== undefined) socket.end();
  },
  close(socket, error) {
    if (socket.data instanceof End) socket.data.close(error);
  },
};

/** Of both ends after an upgrade. */
const SECURE_HANDLERS = {
  data: (socket, data) => socket.data.take(data),
  drain: (socket) => socket.data.pump(),
  end: (socket) => socket.data.end(),
  close: (socket, error) => socket.data.close(error),
  error: (socket, error) => socket.data.session.isCut || socket.data.session.fail(error.message),
};

/** Of clients. */
const CLIENT_HANDLERS = {
  ...SECURE_HANDLERS,
  open(socket) {
    const end = socket.data;
    end.socket = socket;
    if (end.session.plan.kind !== 'tls') greet(end);
  },
  drain(socket) {
    greet(socket.data);
  },
};

/** Before anything else: who this is. On a fresh socket four bytes always fit. */
function greet(end) {
  if (!end.greeted) {
    end.greeted = true;
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(end.session.number);
    const count = end.socket.write(head);
    if (count !== HEAD) return end.session.fail(`the greeting: ${count}`);
  }
  end.pump();
}

const UPGRADE_HANDLERS = {
  open(socket) {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(socket.data.session.number);
    socket.write(head);
  },
  data(socket, data) {
    const end = socket.data;
    // After the upgrade these are the records, as they come.
    if (end === undefined) return;
    if (data.toString() !== 'go') return end.session.fail('the answer before the upgrade');
    socket.data = undefined;
    const [, secure] = socket.upgradeTLS({ data: end, tls: CLIENT, socket: SECURE_HANDLERS });
    end.socket = secure;
    end.session.totals.upgrades++;
  },
  drain() {},
  close(socket, error) {
    socket.data?.close(error);
  },
};

/** Runs one connection to its end; rejects if anything is not as it must be. */
export async function session(how, listeners, totals) {
  const one = new Session(how, totals);
  const listener = listeners[`${how.kind === 'upgrade' ? 'tcp' : how.kind} ${how.halfOpen}`];
  const socket = how.kind === 'upgrade' ? UPGRADE_HANDLERS : CLIENT_HANDLERS;
  await connect({
    ...(how.kind === 'unix' ? { unix: listener.unix } : { hostname: '127.0.0.1', port: listener.port }),
    ...(how.kind === 'tls' ? { tls: CLIENT } : {}),
    allowHalfOpen: how.halfOpen,
    data: one.client,
    socket,
  });
  await one.over;
  totals.connections++;
  totals[how.kind]++;
}
