// Two UDP sockets in one process, one of which sends numbered datagrams to the other. Prints what the program was told.
//   node datagrams.mjs '{"how": "send" | "connected" | "many" | "long" | "replies" | "dead" | "options", "count": 200, "quiet": false}'
//
// Whatever system calls fail on the way: what was counted as sent must arrive once and in order, and `drain` must follow where there was
// no room. Each round waits for what the one before has sent, so that no datagram is lost for want of room at the receiver.

import { udpSocket } from 'bun-sockets';
import { openDescriptors } from '../__test__/support/descriptors.mjs';

const { how, count, quiet } = JSON.parse(process.argv[2]);
/** Datagrams of a round. */
const ROUND = 20;
const LIMIT_MS = 5000;
const HOST = '127.0.0.1';

const report = {
  /** "CODE syscall" of every socket that could not be opened, and how often. */
  failed: {},
  /** "CODE syscall" of every call that threw. */
  thrown: {},
  /** "CODE syscall" of every error event. */
  errors: {},
  /** How often there was no room for something. */
  short: 0,
  drains: 0,
  /** How many datagrams were counted as sent, and how many of these came. */
  counted: 0,
  arrived: 0,
  /** How many counted ones did not come though later ones did. */
  skipped: 0,
  intact: true,
  /** What never happened. */
  missing: null,
  leaked: 0,
};

const add = (to, error) => {
  const key = `${error.code ?? error.message} ${error.syscall}`;
  to[key] = (to[key] ?? 0) + 1;
};

/** A number, and filler that follows from it. Rounds are in turn of one length, and of many lengths. */
function datagram(n) {
  const even = Math.floor(n / ROUND) % 2 === 0;
  const bytes = Buffer.alloc(how === 'long' ? 60_000 : even ? 100 : 4 + ((n * 37) % 500), n % 251);
  bytes.writeUInt32BE(n);
  return bytes;
}

let check = () => {};
/** Resolves when something holds; what does not is reported. */
function until(what, condition) {
  return new Promise((resolve) => {
    const settle = (ok) => {
      clearTimeout(timer);
      check = () => {};
      if (!ok) report.missing ??= what;
      resolve(ok);
    };
    const timer = setTimeout(() => settle(false), LIMIT_MS);
    check = () => {
      if (condition()) settle(true);
    };
    check();
  });
}

/** The numbers that were counted as sent, in order; a receiver takes them off. */
const due = [];
const counted = (n) => {
  due.push(n);
  report.counted++;
};

/** The socket that receives what is counted: any of those that the far ones of "long" are. */
function receive(_socket, data) {
  const n = data.readUInt32BE();
  // Of several receivers, each has its own order.
  let at = due.indexOf(n);
  if (at === -1 || !data.equals(datagram(n))) report.intact = false;
  if (how === 'long') {
    if (at !== -1) due.splice(at, 1);
  } else {
    for (; at > 0; at--) {
      due.shift();
      report.skipped++;
    }
    due.shift();
  }
  report.arrived++;
  check();
}

const common = {
  drain() {
    report.drains++;
    check();
  },
  ...(quiet
    ? {}
    : {
        error(error) {
          add(report.errors, error);
          check();
        },
      }),
};

/** Opens a socket, at the second or a later attempt if need be. */
async function open(options) {
  for (let attempt = 0; ; attempt++) {
    const before = new Set(openDescriptors());
    try {
      const socket = await udpSocket({ hostname: HOST, ...options });
      if (options?.socket?.drain !== undefined) {
        await until('first room', () => report.drains > 0);
        report.drains = 0;
      }
      return socket;
    } catch (error) {
      add(report.failed, error);
      // The first attempt of all also opens the engine.
      // By name: one that V8 or glibc had for a moment before is gone now.
      if (attempt > 0) report.leaked += openDescriptors().filter((descriptor) => !before.has(descriptor)).length;
      if (attempt === 5) throw error;
    }
  }
}

/** The rest of what a round sends, after there was no room. */
async function room(drains) {
  report.short++;
  return until('drain', () => report.drains > drains);
}

async function sendOne(socket, n, ...to) {
  for (;;) {
    const { drains } = report;
    try {
      if (socket.send(datagram(n), ...to)) return counted(n);
    } catch (error) {
      return add(report.thrown, error);
    }
    if (!(await room(drains))) return;
  }
}

async function sendMany(socket, numbers, ...to) {
  for (let first = 0; first < numbers.length; ) {
    const { drains } = report;
    try {
      const rest = numbers.slice(first);
      const sent = socket.sendMany(rest.flatMap((n, i) => [datagram(n), ...(to[0]?.(i + first) ?? [])]));
      for (const n of rest.slice(0, sent)) counted(n);
      first += sent;
    } catch (error) {
      add(report.thrown, error);
      // The first one was refused; the others go on without it.
      first++;
      continue;
    }
    if (first < numbers.length && !(await room(drains))) return;
  }
}

/** How many replies were refused after `send` had counted them: error events say so. */
const refused = () =>
  Object.entries(report.errors).reduce((sum, [key, times]) => sum + (key.endsWith(' send') ? times : 0), 0);

async function rounds(send) {
  for (let n = 0; n < count && report.missing === null; n += ROUND) {
    await send(Array.from({ length: ROUND }, (_, i) => n + i));
    await until(`datagrams up to ${n + ROUND}`, () => report.arrived + refused() >= report.counted);
  }
}

const sockets = [];
const opened = async (options) => {
  const socket = await open(options);
  sockets.push(socket);
  return socket;
};

const WAYS = {
  async send() {
    const far = await opened({ socket: { data: receive, ...common } });
    const near = await opened({ socket: { ...common } });
    await rounds(async (numbers) => {
      for (const n of numbers) await sendOne(near, n, far.port, HOST);
    });
  },
  async connected() {
    const far = await opened({ socket: { data: receive, ...common } });
    const near = await opened({ connect: { hostname: HOST, port: far.port }, socket: { ...common } });
    await rounds(async (numbers) => {
      for (const n of numbers) await sendOne(near, n);
    });
  },
  async many() {
    const far = await opened({ socket: { data: receive, ...common } });
    const near = await opened({ socket: { ...common } });
    await rounds((numbers) => sendMany(near, numbers, () => [far.port, HOST]));
  },
  /** More than is handed to the system at once. */
  async long() {
    const fars = [];
    for (let i = 0; i < ROUND / 2; i++) fars.push(await opened({ socket: { data: receive, ...common } }));
    const near = await opened({ socket: { ...common } });
    await rounds((numbers) => sendMany(near, numbers, (i) => [fars[i % fars.length].port, HOST]));
  },
  async replies() {
    const waiting = [];
    let sending = false;
    const answer = async (socket, port, address) => {
      if (sending) return;
      sending = true;
      while (waiting.length > 0 && report.missing === null) {
        const n = waiting.shift();
        const { drains } = report;
        try {
          if (socket.send(datagram(n), port, address)) {
            counted(n);
            continue;
          }
        } catch (error) {
          add(report.thrown, error);
          continue;
        }
        waiting.unshift(n);
        report.short++;
        if (report.drains === drains) await new Promise((resolve) => drained.push(resolve));
      }
      sending = false;
    };
    const drained = [];
    let asked = 0;
    const far = await opened({
      socket: {
        ...common,
        data(socket, data, port, address) {
          asked++;
          waiting.push(data.readUInt32BE());
          answer(socket, port, address);
          check();
        },
        drain() {
          report.drains++;
          for (const resolve of drained.splice(0)) resolve();
          check();
        },
      },
    });
    const near = await opened({ socket: { ...common, data: receive } });
    // The numbers go out in one call, so that they are read together: the answers wait for each other then.
    await rounds(async (numbers) => {
      for (let first = 0; first < numbers.length; ) {
        try {
          first += near.sendMany(numbers.slice(first).flatMap((n) => [datagram(n), far.port, HOST]));
        } catch {
          // Asked again, until it goes out: only the answers are counted here.
        }
        if (first < numbers.length) await new Promise((resolve) => setImmediate(resolve));
      }
      await until('questions', () => asked >= numbers.at(-1) + 1 && waiting.length === 0);
    });
  },
  /** A port that nobody has: the errors that come back. */
  async dead() {
    const gone = await open();
    const { port } = gone;
    gone.close();
    const near = await opened({ socket: { ...common } });
    const told = () => report.errors['ECONNREFUSED recv'] ?? 0;
    for (let n = 1; n <= count && report.missing === null; n++) {
      await sendOne(near, n, port, HOST);
      await until(`error ${n}`, () => told() >= report.counted);
    }
  },
  async options() {
    const far = await opened({ reusePort: true, socket: { data: receive, ...common } });
    const near = await opened({ reuseAddress: true, socket: { ...common } });
    for (const set of [
      () => near.setBroadcast(true),
      () => near.setTTL(64),
      () => near.setMulticastTTL(2),
      () => near.setMulticastLoopback(false),
      () => near.setMulticastInterface(HOST),
    ]) {
      try {
        set();
      } catch (error) {
        add(report.thrown, error);
      }
    }
    await rounds((numbers) => sendMany(near, numbers, () => [far.port, HOST]));
  },
};

try {
  await WAYS[how]();
} catch (error) {
  report.missing = error.message;
}
for (const socket of sockets) socket.close();
process.on('exit', () => console.log(JSON.stringify(report)));
