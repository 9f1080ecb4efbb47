// Ping-pong over one connection where waking up takes long, at both ends: messages per second, and the server's CPU time for each, where
// every thread wakes up so many microseconds later than it does anyway (`late-wake-ups.c`). Spinning must help there (`src/waits.rs`).
// Linux with a C compiler only.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { compile, noCompiler } from '../../faults/compile.mjs';

const SECONDS = 1;
const ROUNDS = 5;
const message = Buffer.alloc(64, 1);

const roles = {
  async ours() {
    const { listen } = await import('./api.mjs');
    return listen({ hostname: '127.0.0.1', port: 0, socket: { data: (socket, bytes) => void socket.write(bytes) } })
      .port;
  },
  async net() {
    const server = net.createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },
  /** Asks the next question when the answer is there, and counts. */
  async client(port) {
    const socket = net.connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    let missing = message.length;
    socket.on('data', ({ length }) => {
      missing -= length;
      if (missing > 0) return;
      answers += 1;
      missing = message.length;
      socket.write(message);
    });
    socket.write(message);
  },
};
let answers = 0;

async function start(role, words, env) {
  const child = fork(fileURLToPath(import.meta.url), [role, ...words], { env: { ...process.env, ...env } });
  const [started] = await once(child, 'message');
  const ask = async () => {
    child.send('report');
    return (await once(child, 'message'))[0];
  };
  return { started, ask, stop: () => child.disconnect() };
}

async function measure(role, env) {
  const server = await start(role, [], env);
  const client = await start('client', [server.started], env);
  const samples = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [before, cpuBefore] = [await client.ask(), await server.ask()];
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const [after, cpuAfter] = [await client.ask(), await server.ask()];
    const count = after.answers - before.answers;
    samples.push({ rate: (count / (performance.now() - began)) * 1000, cpu: (cpuAfter.cpu - cpuBefore.cpu) / count });
  }
  client.stop();
  server.stop();
  return samples.sort((a, b) => a.rate - b.rate)[ROUNDS >> 1];
}

const [, , role, ...words] = process.argv;
if (role) {
  const started = await roles[role](...words);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ answers, cpu: user + system });
  });
  process.on('disconnect', () => process.exit());
  process.send(started ?? 'connected');
} else {
  if (noCompiler) throw new Error(noCompiler);
  const { file } = compile('../benchmark/micro/late-wake-ups.c', ['-shared', '-fPIC', '-ldl']);
  for (const late of [0, 60, 120, 180]) {
    const env = { LD_PRELOAD: file, LATE: String(late) };
    for (const [name, role, more] of [
      ['ours', 'ours', {}],
      ['ours without spinning', 'ours', { BUN_SOCKETS_SPIN: '0' }],
      ['node:net', 'net', {}],
    ]) {
      const { rate, cpu } = await measure(role, { ...env, ...more });
      console.log(`${late} µs later, ${name}: ${rate.toFixed(0)} messages/s, ${cpu.toFixed(0)} µs of CPU time each`);
    }
  }
}
