// Listener over TCP and over a path: what its properties say, also after stop.
export default async function ({ listen, main, path, standIn }) {
  const socket = { data() {} };
  const describe = (label, l) => {
    main.say(label, 'hostname', l.hostname, 'port', l.port, 'unix', l.unix, 'fd', l.fd === -1 ? -1 : typeof l.fd);
    const name = {};
    main.say(label, 'getsockname', l.getsockname(name), name);
  };
  const tcp = listen({ hostname: '127.0.0.1', port: 0, socket });
  standIn(tcp.port, 'tcp port');
  describe('tcp', tcp);
  tcp.stop();
  describe('tcp stopped', tcp);
  const unix = listen({ unix: path('p'), socket });
  describe('unix', unix);
  unix.stop();
  describe('unix stopped', unix);
  const prefixed = listen({ unix: `unix://${path('q')}`, socket });
  describe('prefix', prefixed);
  prefixed.stop();
}
