// Views whose memory is gone have no bytes to write.
import { MessageChannel } from 'node:worker_threads';

const detach = (buffer) => {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(buffer, [buffer]);
  port1.close();
  port2.close();
};

export default async function ({ listen, connect, main, actor }) {
  const server = actor('server');
  const client = actor('client');
  const listener = listen({ hostname: '127.0.0.1', port: 0, socket: server.handlers() });
  const near = await connect({ hostname: '127.0.0.1', port: listener.port, socket: client.handlers() });
  for (const [label, make, length] of [
    ['Uint8Array', (...args) => new Uint8Array(...args), 8],
    ['Buffer', (...args) => Buffer.from(...args), 8],
    ['Float64Array', (...args) => new Float64Array(...args), 1],
    ['DataView', (...args) => new DataView(...args), 8],
    ['ArrayBuffer', (buffer) => buffer],
  ]) {
    const buffer = new ArrayBuffer(16);
    const view = make(buffer);
    detach(buffer);
    main.attempt(`detached ${label}`, () => near.write(view));
    if (label === 'ArrayBuffer') continue;
    const resizable = new ArrayBuffer(16, { maxByteLength: 16 });
    const beyond = make(resizable, 8, length);
    resizable.resize(4);
    main.attempt(`${label} beyond the end`, () => near.write(beyond));
  }
  main.say('still there', near.write('x'));
  near.end();
  await Promise.all([client.seen('close'), server.seen('close')]);
  listener.stop();
}
