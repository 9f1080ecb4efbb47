// How `port` is converted and what it refuses.
export default async function ({ listen, connect, main }) {
  const socket = { data() {} };
  for (const port of [0, '0', ' 0 ', '', false, [], 0n, { valueOf: () => 0 }]) {
    main.attempt(`listen ${typeof port}`, () => listen({ hostname: '127.0.0.1', port, socket }).stop());
  }
  for (const port of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, -1, 65536, 1e10, 'port', {}]) {
    main.attempt(`listen ${String(port)}`, () => listen({ hostname: '127.0.0.1', port, socket }).stop());
    main.attempt(`connect ${String(port)}`, () => connect({ hostname: '127.0.0.1', port, socket }));
  }
}
