// When a silent connection is probed first: in whole seconds, below one when the system says. Read from the kernel's table of connections.
import fs from 'node:fs';

const LIKELY = [
  ['in a minute', 50, 60],
  ['in two hours', 7100, 7200],
  ['in nine hours', 32_000, 32_767],
];

/** What is left until the first probe, a field like `02:000000C8` in hundredths of a second; 2 is the timer for keep-alive. */
function dueIn(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = fs
    .readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((each) => each.trim().split(/\s+/)[1]?.endsWith(`:${hex}`) && each.trim().split(/\s+/)[3] === '01');
  const [kind, left] = line.trim().split(/\s+/)[5].split(':');
  if (kind !== '02') return 'never';
  const seconds = Math.ceil(Number.parseInt(left, 16) / 100);
  // Some of it may have passed by now.
  return LIKELY.find(([, low, high]) => seconds > low && seconds <= high)?.[0] ?? `in ${seconds} s`;
}

export default async function ({ pair, serve, dial, main, path }) {
  for (const calls of [
    [[true]],
    [[true, 1]],
    [[true, 999]],
    [[true, 60_000]],
    [[true, 60_999]],
    [
      [true, 60_000],
      [true, 500],
    ],
    [
      [true, 60_000],
      [true, 0],
    ],
    [[true, 60_000], [false]],
    [
      [true, 60_000],
      [false, 30_000],
    ],
    [[false, 60_000], [true]],
    [[true, 32_767_999]],
    [[true, 32_768_000]],
    [[false, 32_768_000]],
    [
      [true, 60_000],
      [true, 32_768_000],
    ],
  ]) {
    const { listener, near } = await pair();
    const gave = calls.map((args) => near.setKeepAlive(...args));
    main.say(`${JSON.stringify(calls)} gave ${gave}: probed ${dueIn(near.localPort)}`);
    near.close();
    listener.stop(true);
  }
  const local = serve('unix', { unix: path('s'), hostname: undefined });
  const client = await dial('unix client', local);
  for (const delay of [500, 999, 1000]) main.say(`unix, ${delay}`, client.setKeepAlive(true, delay));
  client.close();
  local.stop(true);
}
