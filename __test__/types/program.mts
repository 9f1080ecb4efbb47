// A program written against Bun's types, once with Bun's functions and once with ours, and our own additions.

import api, {
  connect,
  type FdSocketOptions,
  install,
  listen,
  type Socket,
  type SocketHandler,
  type UnixSocketOptions,
  udpSocket,
} from 'bun-sockets';
import 'bun-sockets/polyfill';
import 'bun-sockets/register';

interface Session {
  name: string;
  rest: string;
}

async function program({ connect, listen }: Pick<typeof api, 'connect' | 'listen'>): Promise<number> {
  const handlers: SocketHandler<Session> = {
    open(socket) {
      socket.data.name = `${socket.remoteAddress}:${socket.remotePort}`;
    },
    data(socket, data) {
      socket.data.rest += data.toString('latin1');
      const n: number = socket.write(data, 0, data.byteLength);
      if (n < data.byteLength) socket.pause();
    },
    drain: (socket) => socket.resume(),
    close(_socket, error) {
      if (error) console.error(error.message);
    },
  };
  using listener = listen<Session>({ hostname: 'localhost', port: 0, socket: handlers, data: { name: '', rest: '' } });
  const socket = await connect<Session>({ hostname: 'localhost', port: listener.port, socket: handlers });
  const name: string = socket.data.name;
  socket.end(name);
  const unix = listen({ unix: '/tmp/s', socket: { data() {} }, tls: { key: Bun.file('key.pem'), cert: 'pem' } });
  return unix.unix.length + listener.port;
}

program(api);
program(Bun);

const pem = Bun.file('cert.pem');
const secure: Bun.TLSOptions = { key: [pem, 'text', new Uint8Array(1)], cert: pem, ca: [pem], ALPNProtocols: '\x02h2' };
function encrypted({ connect, listen }: Pick<typeof api, 'connect' | 'listen'>): void {
  listen({ hostname: 'localhost', port: 0, tls: { ...secure, requestCert: true }, socket: { data() {} } });
  connect({
    hostname: 'localhost',
    port: 1,
    tls: { ...secure, serverName: 'example.org', rejectUnauthorized: false },
    socket: {
      open(socket) {
        socket.setServername('example.org');
        const saved = socket.getSession();
        if (saved) socket.setSession(saved);
      },
      handshake(socket, success, error) {
        const verified: boolean = success && error === null && socket.authorized;
        if (verified) console.log(socket.getCipher().name, socket.getPeerCertificate().subject.CN, socket.alpnProtocol);
      },
      data(socket) {
        const [raw, upgraded] = socket.upgradeTLS({ tls: secure, data: 5, socket: { drain() {} } });
        const five: number = upgraded.data;
        raw.end();
        return void five;
      },
    },
  });
}
encrypted(api);
encrypted(Bun);
connect({
  hostname: 'localhost',
  port: 1,
  tls: { keyFile: 'key.pem', certFile: 'cert.pem', caFile: 'ca.pem', minVersion: 0x0304, maxVersion: 0x0304 },
  socket: { data() {} },
});

async function datagrams({ udpSocket }: Pick<typeof api, 'udpSocket'>): Promise<void> {
  const socket = await udpSocket({
    binaryType: 'arraybuffer',
    socket: {
      data(socket, data, port, address, { truncated }) {
        const buffer: ArrayBuffer = data;
        if (!truncated) socket.send(buffer, port, address);
      },
      drain() {},
      error(_socket, error) {
        throw error;
      },
    },
  });
  const { port, family }: Bun.SocketAddress = socket.address;
  socket.sendMany(['text', port, '127.0.0.1', new Uint8Array(1), port, '127.0.0.1']);
  if (family === 'IPv4') socket.setBroadcast(true);
  const connected = await udpSocket({ connect: { hostname: '127.0.0.1', port }, socket: { data() {} } });
  const sent: boolean = connected.send('text');
  if (!sent) connected.close();
}
datagrams(api);
datagrams(Bun);

const controller = new AbortController();
connect({
  hostname: 'localhost',
  port: 1,
  signal: controller.signal,
  localAddress: '127.0.0.1',
  socket: { data() {} },
});
listen({ hostname: '::', port: 0, reusePort: true, ipv6Only: true, signal: controller.signal, socket: { data() {} } });
udpSocket({ socket: { data: (socket, data, port, address) => void socket.send(data, port, address) } });
udpSocket({ hostname: '::', reusePort: true, flags: 8, signal: controller.signal, binaryType: 'uint8array' });
udpSocket({ connect: { hostname: 'localhost', port: 5 } }).then((socket) => socket.sendMany(['a', Buffer.from('b')]));
install();

// What Bun takes and its types do not say.
export async function undocumented(plain: Socket): Promise<void> {
  plain.write('6869', 'hex');
  plain.write('aGk=', undefined, 'base64');
  plain.write(new Blob(['in memory']));
  plain.end('68', 'hex');
  plain.getPeerCertificate(false);
  plain.upgradeTLS({ tls: secure, socket: { data() {} }, isServer: true, initialData: new Uint8Array(5) });
  connect({ hostname: 'localhost', host: 'localhost', port: 1, socket: { data() {} } });
  connect({
    hostname: 'localhost',
    port: 1,
    tls: true,
    socket: { session: (socket, session) => socket.setSession(session), keylog: (_socket, line) => void line.length },
  });
  listen({
    hostname: 'localhost',
    port: 0,
    tls: secure,
    data: 5,
    socket: {
      serverName: (data, name) => void `${data.toFixed()} ${name}`,
      alpnCallback: (_socket, _name, protocols) => (protocols.includes('h2') ? 'h2' : false),
    },
  });
  connect({ fd: 3, socket: { data() {} } } as FdSocketOptions as unknown as UnixSocketOptions);
  const datagrams = await udpSocket({ socket: { data() {} } });
  datagrams.reload({ socket: { drain() {} }, binaryType: 'arraybuffer' });
  datagrams[Symbol.dispose]?.();
}

export function session(socket: Socket): Buffer | undefined {
  return socket.getSession() || undefined;
}

// @ts-expect-error: handlers are required
listen({ hostname: 'localhost', port: 0 });
// @ts-expect-error: a port is a number
connect({ hostname: 'localhost', port: '1', socket: { data() {} } });
// @ts-expect-error: there is no such handler type
connect({ hostname: 'localhost', port: 1, socket: { data: 5 } });
// @ts-expect-error: a connected socket knows where it sends
udpSocket({ connect: { hostname: 'localhost', port: 5 } }).then((socket) => socket.send('a', 5, '127.0.0.1'));
