// What the polyfill offers beside sockets: ArrayBufferSink, sleep, env, argv.
import Bun, { ArrayBufferSink, argv, env, sleep } from 'bun';

const show = (value) => {
  const kind = value instanceof ArrayBuffer || value instanceof Uint8Array ? `${value.constructor.name} ` : '';
  return kind + (kind === '' ? value : Buffer.from(value));
};
const attempt = (name, action) => {
  try {
    console.log(name, show(action()));
  } catch (error) {
    console.log(name, 'throws', error.name, error.code, error.message);
  }
};

const sink = new ArrayBufferSink();
attempt('write before start', () => sink.write('x'));
for (const options of [
  undefined,
  { stream: true },
  { asUint8Array: true },
  { stream: true, asUint8Array: true, highWaterMark: 16 },
]) {
  console.log(JSON.stringify(options));
  sink.start(options);
  attempt('write', () => sink.write('héllo'));
  attempt('write', () => sink.write(new Uint8Array([65, 66, 67]).subarray(1)));
  attempt('write', () => sink.write(new Uint8Array([67, 68]).buffer));
  attempt('write', () => sink.write(''));
  attempt('flush', () => sink.flush());
  attempt('flush', () => sink.flush());
  attempt('write', () => sink.write('more'));
  attempt('end', () => sink.end());
  attempt('end', () => sink.end());
  attempt('write', () => sink.write('after'));
  attempt('end', () => sink.end());
}
for (const wrong of [5, null, undefined]) attempt('write', () => sink.write(wrong));

attempt('write', () => sink.write());
sink.start({ asUint8Array: true, stream: true });
sink.start({});
attempt('start without any option', () => [sink.write('a'), sink.flush(), show(sink.end())].join());

const bytes = new Uint8Array([97]);
sink.start();
sink.write(bytes);
bytes[0] = 98;
attempt('a copy', () => sink.end());

await sleep(1);
await sleep(new Date(Date.now() + 5));
await Bun.sleep(-5);
attempt('sleep', () => sleep('5'));
console.log(env === process.env, argv.length, argv[1] === process.argv[1]);
