// A name with a blank never resolves.
export default async function ({ listen, connect, main }) {
  main.attempt('listen', () => listen({ hostname: 'not a host', port: 0, socket: { data() {} } }));
  main.attempt('listen, IPv6 in brackets', () => listen({ hostname: '[::1]', port: 0, socket: { data() {} } }));
  await main.settle('connect', () => connect({ hostname: 'not a host', port: 1, socket: { data() {} } }));
}
