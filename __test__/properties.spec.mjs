// Random options and random writes, shrunk to the smallest that fails.

import { createRequire } from 'node:module';
import test from 'ava';
import fc from 'fast-check';
import { pair } from './support/observe.mjs';

const TORTURE = Boolean(process.env.BUN_SOCKETS_TORTURE);
const require = createRequire(import.meta.url);
const { readOptions } = require('../lib/options.js');
const { readUdpOptions } = require('../lib/udp-options.js');

const RUNS = { numRuns: TORTURE ? 50_000 : 2000 };

/** Anything that a program could pass, odd things included. */
const anything = fc.oneof(
  { weight: 4, arbitrary: fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, maxDepth: 1 }) },
  fc.constantFrom(Symbol('s'), () => {}, Object.create(null), new AbortController().signal, Object('text'), NaN, -0),
);
const oddOr = (usual) => fc.oneof({ weight: 14, arbitrary: usual }, anything, fc.constant(undefined));

const handlers = fc.record(
  { data: oddOr(fc.constant(() => {})), drain: oddOr(fc.constant(() => {})), open: oddOr(fc.constant(() => {})) },
  { requiredKeys: [] },
);
const shared = {
  hostname: oddOr(fc.constantFrom('127.0.0.1', 'localhost', '::1', '', 'a:80', 'a\0b', 'http://x:80/')),
  port: oddOr(fc.oneof(fc.integer({ min: -2, max: 70_000 }), fc.constantFrom('80', '0x50', ' 1 ', 1.5))),
};
const socketOptions = fc.record(
  {
    ...shared,
    socket: oddOr(handlers),
    host: oddOr(fc.string()),
    unix: oddOr(fc.string()),
    fd: oddOr(fc.integer()),
    tls: oddOr(fc.boolean()),
    exclusive: oddOr(fc.boolean()),
    allowHalfOpen: oddOr(fc.boolean()),
    reusePort: oddOr(fc.boolean()),
    ipv6Only: oddOr(fc.boolean()),
    localAddress: oddOr(fc.ipV4()),
    signal: oddOr(fc.constant(undefined)),
    data: anything,
  },
  { requiredKeys: [] },
);
const udpOptions = fc.record(
  {
    ...shared,
    socket: oddOr(handlers),
    flags: oddOr(fc.integer()),
    binaryType: oddOr(fc.constantFrom('buffer', 'uint8array', 'arraybuffer')),
    connect: oddOr(fc.record(shared, { requiredKeys: [] })),
    reusePort: oddOr(fc.boolean()),
    signal: oddOr(fc.constant(undefined)),
  },
  { requiredKeys: [] },
);

/** What `read` makes of the options; undefined if it throws an error that says what is wrong. */
function outcome(read, options) {
  try {
    return read(options);
  } catch (error) {
    // A conversion that V8 makes throws its own TypeErrors: of symbols, BigInts, objects without a primitive value.
    const isOurs = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'].includes(error.code);
    const isConversion = error instanceof TypeError && /convert|coerce/i.test(error.message);
    if (!isOurs && !isConversion) throw error;
    return undefined;
  }
}

const isPort = (port) => Number.isInteger(port) && port >= 0 && port <= 65_535;

test('whatever the options of a socket are, they are refused or of the right kind', (t) => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: socketOptions }, anything), (given) => {
      const options = outcome((value) => readOptions(value, 'Expected options'), given);
      if (options === undefined) return;
      taken++;
      const { hostname, port, unix, fd, exclusive, allowHalfOpen, reusePort, ipv6Only, localAddress, tls } = options;
      const ways = [hostname, unix, fd].filter((way) => way !== undefined);
      if (ways.length !== 1) throw new Error(`${ways.length} ways to connect`);
      if (!isPort(port)) throw new Error(`port ${port}`);
      if (hostname !== undefined && (typeof hostname !== 'string' || hostname === '' || hostname.includes('\0'))) {
        throw new Error('the host name');
      }
      if (unix !== undefined && typeof unix !== 'string') throw new Error('the path');
      if (fd !== undefined && (fd | 0) !== fd) throw new Error(`descriptor ${fd}`);
      if ([exclusive, allowHalfOpen, reusePort, ipv6Only].some((flag) => typeof flag !== 'boolean'))
        throw new Error('a flag');
      if (localAddress !== undefined && typeof localAddress !== 'string') throw new Error('the local address');
      if (tls === null || tls === false) throw new Error('tls');
    }),
    RUNS,
  );
  t.true(taken > RUNS.numRuns / 200, `only ${taken} were taken`);
  t.log(`${taken} of ${RUNS.numRuns} were taken`);
});

test('whatever the options of a UDP socket are, they are refused or of the right kind', (t) => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: udpOptions }, anything), (given) => {
      const options = outcome(readUdpOptions, given);
      if (options === undefined) return;
      taken++;
      const { hostname, port, reusePort, reuseAddress, ipv6Only, handlers: read, connect } = options;
      if (!isPort(port)) throw new Error(`port ${port}`);
      if (typeof hostname !== 'string' || hostname === '') throw new Error('the host name');
      if ([reusePort, reuseAddress, ipv6Only].some((flag) => typeof flag !== 'boolean')) throw new Error('a flag');
      if (connect !== undefined && (!isPort(connect.port) || connect.port === 0 || !connect.hostname))
        throw new Error('connect');
      for (const handler of Object.values(read ?? {}))
        if (typeof handler.run !== 'function') throw new Error('a handler');
    }),
    RUNS,
  );
  t.true(taken > RUNS.numRuns / 200, `only ${taken} were taken`);
  t.log(`${taken} of ${RUNS.numRuns} were taken`);
});

/** Arguments of `write`, and the bytes they mean. */
const bytes = fc.uint8Array({ maxLength: 3000 });
const writes = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 1000 }).map((text) => ({ args: [text], means: Buffer.from(text) })),
  fc
    .tuple(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('latin1', 'utf16le', 'utf8'))
    .map(([text, encoding]) => ({ args: [text, encoding], means: Buffer.from(text, encoding) })),
  bytes.map((data) => ({ args: [data.buffer], means: Buffer.from(data) })),
  fc.tuple(bytes, fc.nat(3000), fc.nat(3000)).map(([data, at, length]) => {
    const from = Math.min(at, data.length);
    const count = Math.min(length, data.length - from);
    return { args: [data, from, count], means: Buffer.from(data.subarray(from, from + count)) };
  }),
  fc.tuple(bytes, fc.nat(3000)).map(([data, at]) => {
    const from = Math.min(at, data.length);
    return { args: [new DataView(data.buffer), from], means: Buffer.from(data.subarray(from)) };
  }),
);

test('what random writes say they have taken arrives, and nothing else', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { maxLength: 40 }), fc.boolean(), async (all, slow) => {
      const { listener, near, far, farSide } = await pair(
        { teardown() {} },
        { server: slow ? { open: (s) => s.pause() } : {} },
      );
      const sent = [];
      for (const { args, means } of all) {
        const count = near.write(...args);
        if (!(count >= 0 && count <= means.length)) throw new Error(`write gave ${count} for ${means.length} bytes`);
        sent.push(means.subarray(0, count));
      }
      const expected = Buffer.concat(sent);
      if (near.bytesWritten !== expected.length) throw new Error(`bytesWritten is ${near.bytesWritten}`);
      near.end();
      if (slow) far.resume();
      await farSide.seen('close');
      const got = Buffer.concat(farSide.calls.filter(([event]) => event === 'data').map(([, data]) => data));
      listener.stop(true);
      if (!got.equals(expected)) throw new Error(`${got.length} bytes came of ${expected.length}`);
    }),
    { numRuns: TORTURE ? 3000 : 150 },
  );
  t.pass();
});
