// What is measured. Every measure runs one load of the load generator (see loadgen/src/arguments.rs) against one service
// of each server.

/**
 * @typedef {object} Measure
 * @property {string} name
 * @property {'plain' | 'tls' | 'udp' | 'scaling'} suite
 * @property {string} title
 * @property {string} service what the servers do: the name that they take as their first argument
 * @property {string[]} load arguments of the load generator
 * @property {'tcp' | 'tls' | 'udp'} protocol
 * @property {'ec' | 'rsa'} [key] kind of the server's key, on TLS
 * @property {Figure} figure what the value is
 * @property {boolean} [loopDelay] whether the delay of the server's event loop is taken as well
 * @property {number} [workers] worker threads of the server
 *
 * @typedef {object} Figure
 * @property {'rate' | 'received' | 'loss' | 'memory'} kind counted by the load; counted by the server; what the server
 *   missed; resident memory that each idle connection adds
 * @property {string} unit
 * @property {number} scale what the raw figure is divided by
 * @property {string} cost what the CPU time is per: its unit is µs per this
 * @property {number} costScale units of the load's count in one of `cost`
 * @property {'more' | 'less'} better
 */

/** @type {Record<string, Figure>} */
const figures = {
  messages: { kind: 'rate', unit: 'messages/s', scale: 1, cost: 'message', costScale: 1, better: 'more' },
  bytes: { kind: 'rate', unit: 'MB/s', scale: 1e6, cost: 'MB', costScale: 1e6, better: 'more' },
  connections: { kind: 'rate', unit: 'connections/s', scale: 1, cost: 'connection', costScale: 1, better: 'more' },
  datagrams: { kind: 'rate', unit: 'datagrams/s', scale: 1, cost: 'datagram', costScale: 1, better: 'more' },
  received: { kind: 'received', unit: 'datagrams/s', scale: 1, cost: 'datagram', costScale: 1, better: 'more' },
  loss: { kind: 'loss', unit: '% lost', scale: 0.01, cost: 'datagram', costScale: 1, better: 'less' },
  memory: { kind: 'memory', unit: 'KiB/connection', scale: 1024, cost: 'connection', costScale: 1, better: 'less' },
};

/**
 * @param {{size: number, keys: ('ec' | 'rsa')[]}} options `size`: bytes of a TCP message
 * @returns {Measure[]}
 */
export function measures({ size, keys }) {
  return [...plain(size), ...keys.flatMap((key) => tls(size, key, key === keys[0])), ...udp(), ...scaling(size)];
}

const words = (text) => text.split(' ');

/** @returns {Measure[]} */
function plain(size) {
  const base = { suite: 'plain', protocol: 'tcp', service: 'echo' };
  const pingPong = (connections, more) => ({
    ...base,
    name: `ping-pong-${connections}`,
    title: `Ping-pong, ${plural(connections, 'connection')}`,
    load: words(`echo --size ${size} --connections ${connections}`),
    figure: figures.messages,
    ...more,
  });
  const bulk = (direction, connections) => ({
    ...base,
    name: `bulk-${direction}-${connections}`,
    title: `Bulk ${direction}, ${plural(connections, 'connection')}`,
    service: direction === 'in' ? 'sink' : 'echo',
    load: words(`bulk-${direction} --connections ${connections}`),
    figure: figures.bytes,
    loopDelay: true,
  });
  return [
    pingPong(1),
    pingPong(50),
    pingPong(500, { loopDelay: true }),
    pingPong(2, {
      name: 'ping-pong-large-2',
      title: 'Ping-pong of 16 KiB, 2 connections',
      load: words('echo --size 16384 --connections 2'),
    }),
    {
      ...base,
      name: 'pipeline',
      title: 'Pipeline, 50 connections, 16 messages deep',
      load: words(`echo --size ${size} --connections 50 --depth 16`),
      figure: figures.messages,
    },
    bulk('in', 1),
    bulk('in', 8),
    bulk('echo', 8),
    {
      ...base,
      name: 'churn',
      title: 'Churn: connect, message, close',
      load: words(`churn --size ${size} --connections 16`),
      figure: figures.connections,
    },
    {
      ...base,
      name: 'idle',
      title: 'Memory of 5,000 idle connections',
      load: words('idle --connections 5000'),
      figure: figures.memory,
    },
  ];
}

/**
 * The kind of key matters to the handshake alone, so the other measures are made with the first one only.
 * @returns {Measure[]}
 */
function tls(size, key, everything) {
  const base = { suite: 'tls', protocol: 'tls', service: 'echo', key };
  const kind = { ec: 'ECDSA P-256', rsa: 'RSA 2048' }[key];
  const handshake = {
    ...base,
    name: `tls-handshake-${key}`,
    title: `Handshakes, ${kind}`,
    load: words('handshake --connections 16'),
    figure: figures.connections,
    loopDelay: true,
  };
  if (!everything) return [handshake];
  const bulk = (direction) => ({
    ...base,
    name: `tls-bulk-${direction}-4`,
    title: `Bulk ${direction}, 4 connections`,
    service: direction === 'in' ? 'sink' : 'echo',
    load: words(`bulk-${direction} --tls --connections 4`),
    figure: figures.bytes,
    loopDelay: true,
  });
  return [
    handshake,
    {
      ...base,
      name: 'tls-ping-pong-1',
      title: 'Ping-pong, 1 connection',
      load: words(`echo --tls --size ${size} --connections 1`),
      figure: figures.messages,
    },
    {
      ...base,
      name: 'tls-ping-pong-50',
      title: 'Ping-pong, 50 connections',
      load: words(`echo --tls --size ${size} --connections 50`),
      figure: figures.messages,
    },
    {
      ...base,
      name: 'tls-pipeline',
      title: 'Pipeline, 50 connections, 16 messages deep',
      load: words(`echo --tls --size ${size} --connections 50 --depth 16`),
      figure: figures.messages,
    },
    bulk('in'),
    bulk('echo'),
    {
      ...base,
      name: 'tls-churn',
      title: 'Churn: connect, handshake, message, close',
      load: words(`churn --tls --size ${size} --connections 16`),
      figure: figures.connections,
    },
    {
      ...base,
      name: 'tls-idle',
      title: 'Memory of 2,000 idle connections',
      load: words('idle --tls --connections 2000'),
      figure: figures.memory,
    },
  ];
}

/** @returns {Measure[]} */
function udp() {
  const base = { suite: 'udp', protocol: 'udp' };
  const echo = (size) => ({
    ...base,
    name: `udp-echo-${size}`,
    title: `Echo of ${size.toLocaleString('en')} B datagrams`,
    service: 'udp-echo',
    // 64 on their way: what the smallest receive buffer of a default Linux has room for.
    load: words(`udp-echo --connections 4 --depth 16 --size ${size}`),
    figure: figures.datagrams,
  });
  return [
    echo(64),
    echo(1200),
    {
      ...base,
      name: 'udp-flood',
      title: 'Flood of 64 B datagrams, received',
      service: 'udp-count',
      load: words('udp-flood --size 64'),
      figure: figures.received,
      loopDelay: true,
    },
    {
      ...base,
      name: 'udp-send-many',
      title: 'sendMany of 100 packets of 64 B',
      service: 'udp-burst',
      load: words('udp-bursts --size 64 --depth 2'),
      figure: figures.datagrams,
    },
    {
      ...base,
      name: 'udp-paced',
      title: 'Paced stream, 20,000 datagrams/s of 64 B',
      service: 'udp-count',
      load: words('udp-paced --rate 20000 --size 64'),
      figure: figures.loss,
    },
  ];
}

/** @returns {Measure[]} */
function scaling(size) {
  const base = { suite: 'scaling', protocol: 'tcp', service: 'echo' };
  return [
    ...[1, 100, 1_000, 10_000].map((connections) => ({
      ...base,
      name: `connections-${connections}`,
      title: `Ping-pong, ${plural(connections, 'connection')}`,
      load: words(`echo --size ${size} --connections ${connections}`),
      figure: figures.messages,
    })),
    {
      ...base,
      name: 'accept',
      title: 'Accept: connect, one byte back, close',
      service: 'greet',
      load: words('accept --connections 64'),
      figure: figures.connections,
      loopDelay: true,
    },
    ...[1, 2, 4].map((workers) => ({
      ...base,
      name: `workers-${workers}`,
      title: `Ping-pong, 200 connections, ${plural(workers, 'worker thread')}`,
      load: words(`echo --size ${size} --connections 200`),
      figure: figures.messages,
      workers,
    })),
  ];
}

const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
