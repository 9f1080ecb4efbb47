// "Buffering" of Bun's documentation: small writes are joined by an ArrayBufferSink.
import { ArrayBufferSink, connect, listen, sleep } from 'bun';

let received = '';
let events = 0;
const server = listen({
  hostname: 'localhost',
  port: 0,
  socket: {
    data(_socket, data) {
      events++;
      received += data;
    },
    close() {
      console.log(received, events);
      server.stop();
    },
  },
});

const sink = new ArrayBufferSink();
sink.start({ stream: true, highWaterMark: 1024 });
const socket = await connect({ hostname: 'localhost', port: server.port, socket: { data() {} } });
sink.write('h');
sink.write('e');
sink.write('l');
sink.write(new Uint8Array([108]));
sink.write(new TextEncoder().encode('o').buffer);
queueMicrotask(() => {
  const data = sink.flush();
  console.log(data.constructor.name, data.byteLength);
  const wrote = socket.write(data);
  if (wrote < data.byteLength) sink.write(data.subarray(wrote));
  console.log('wrote', wrote, sink.flush().byteLength);
});
await sleep(20);
socket.end();
