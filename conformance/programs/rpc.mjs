// Frames with a length in front; handlers that are methods of a class; async handlers; calls that overlap.
class Frames {
  #rest = Buffer.alloc(0);

  *take(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const length = this.#rest.readUInt32BE(0);
      if (this.#rest.length < 4 + length) return;
      yield JSON.parse(this.#rest.subarray(4, 4 + length).toString());
      this.#rest = this.#rest.subarray(4 + length);
    }
  }

  static pack(value) {
    const body = Buffer.from(JSON.stringify(value));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  }
}

class Server {
  calls = 0;
  open(socket) {
    socket.data = { frames: new Frames(), peer: 'somebody' };
  }
  async data(socket, chunk) {
    for (const { id, method, params } of socket.data.frames.take(chunk)) {
      await Bun.sleep(method === 'slow' ? 30 : 1);
      if (method === 'fail') throw new Error('this one fails');
      socket.write(Frames.pack({ id, result: params.reduce((a, b) => a + b, 0) }));
    }
  }
  error(socket, error) {
    console.log('never for async handlers', socket, error);
  }
  close(socket) {
    console.log('gone', socket.data.peer);
    listener.stop();
  }
}
process.on('unhandledRejection', (error) => console.log('unhandled:', error.message));

const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: new Server() });

const waiting = new Map();
const frames = new Frames();
const socket = await Bun.connect({
  hostname: '127.0.0.1',
  port: listener.port,
  socket: {
    data(_socket, chunk) {
      for (const { id, result } of frames.take(chunk)) {
        waiting.get(id)(result);
        waiting.delete(id);
      }
    },
  },
});
let last = 0;
const call = (method, ...params) =>
  new Promise((resolve) => {
    waiting.set(++last, resolve);
    const frame = Frames.pack({ id: last, method, params });
    // In two pieces, to be joined again by the other side.
    socket.write(frame.subarray(0, 7));
    socket.write(frame.subarray(7));
  });

console.log(await call('add', 1, 2, 3));
console.log((await Promise.all([call('slow', 1), call('add', 2), call('add', 3)])).join());
call('fail');
await Bun.sleep(50);
console.log('waiting', waiting.size);
socket.end();
