// Brackets belong to IPv6 addresses in URLs; around anything else they are part of the name.
export default async function ({ listen, connect, main }) {
  const socket = { data() {} };
  const listener = listen({ hostname: '::1', port: 0, socket });
  for (const hostname of ['[::1]', '[127.0.0.1]', '[localhost]', '[]', '[::1', '::1]', '[[::1]]', '[::1/64]']) {
    await main.settle(`connect to ${hostname}`, async () => {
      const near = await connect({ hostname, port: listener.port, socket });
      near.terminate();
      return 'connected';
    });
    main.attempt(`listen on ${hostname}`, () => listen({ hostname, port: 0, socket }).stop());
  }
  listener.stop(true);
}
