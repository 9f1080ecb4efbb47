// What a stream of small messages at its sender's own pace costs the receiver: CPU time of all its threads, in percent of a core
// and per message. Spinning must not burn a core for it (`src/waits.rs`).
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, listen } from './api.mjs';

const SECONDS = 1;
const message = Buffer.alloc(64, 1);

if (process.argv[2] === 'receive') {
  const server = listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit());
  process.send({ port: server.port });
} else {
  const receiver = fork(fileURLToPath(import.meta.url), ['receive']);
  const [{ port }] = await once(receiver, 'message');
  const cpu = async () => {
    receiver.send('cpu?');
    const [{ cpu }] = await once(receiver, 'message');
    return cpu.user + cpu.system;
  };
  const socket = await connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
  for (const interval of [10, 20, 30, 40, 60, 100, 200, 1000]) {
    const samples = [];
    for (let round = 0; round < 5; round += 1) {
      const before = await cpu();
      const started = performance.now();
      let sent = 0;
      // A loop without sleep: timers are not that exact.
      while (performance.now() - started < SECONDS * 1000) {
        if ((performance.now() - started) * 1000 < sent * interval) continue;
        if (socket.write(message) !== message.length) throw new Error('the receiver does not follow');
        sent += 1;
      }
      const used = (await cpu()) - before;
      samples.push({ share: used / SECONDS / 1e4, each: used / sent });
    }
    samples.sort((a, b) => a.share - b.share);
    const { share, each } = samples[2];
    console.log(`a message each ${interval} µs: ${share.toFixed(0)} % of a core, ${each.toFixed(1)} µs a message`);
  }
  socket.end();
  receiver.disconnect();
}
