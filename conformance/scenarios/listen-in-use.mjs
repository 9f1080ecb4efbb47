// One port, several listeners.
export default async function ({ listen, main, standIn }) {
  const socket = { data() {} };
  const again = (label, first, second) => {
    const one = listen({ hostname: '127.0.0.1', port: 0, socket, ...first });
    standIn(one.port, 'port');
    main.attempt(label, () => {
      listen({ hostname: '127.0.0.1', port: one.port, socket, ...second }).stop();
      return 'both';
    });
    one.stop();
  };
  again('plain', {}, {});
  again('reusePort on both', { reusePort: true }, { reusePort: true });
  again('reusePort on the second', {}, { reusePort: true });
  again('reusePort on the first', { reusePort: true }, {});
  again('exclusive wins', { reusePort: true, exclusive: true }, { reusePort: true });
  main.attempt('an address of another machine', () => listen({ hostname: '203.0.113.9', port: 0, socket }));
  const once = listen({ hostname: '127.0.0.1', port: 0, socket });
  const { port } = once;
  once.stop();
  main.attempt('again at once after stop', () => listen({ hostname: '127.0.0.1', port, socket }).stop());
}
