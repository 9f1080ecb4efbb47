// STARTTLS: plain text first, then TLS on the same connection, on both sides.
const pem = (name) => Bun.file(new URL(`../certificates/${name}.pem`, import.meta.url));
const exported = [];
const keys = (socket) =>
  exported.push(socket.exportKeyingMaterial(16, 'label', Buffer.from('context')).toString('hex'));

const server = Bun.listen({
  hostname: 'localhost',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { secure: false };
      socket.write('ready\n');
    },
    data(socket, data) {
      if (socket.data.secure) return;
      console.log('server: plain', data.toString().trim());
      socket.data.secure = true;
      socket.write('ok\n');
      const [raw, secure] = socket.upgradeTLS({
        data: { number: 1 },
        tls: { key: pem('server-ec-key'), cert: pem('server-ec') },
        socket: {
          handshake(socket, success) {
            console.log('server: handshake', success, socket.data.number, socket.getTLSVersion());
          },
          data(socket, data) {
            keys(socket);
            console.log('server: secure', data.toString());
            socket.end('bye');
          },
          close() {
            console.log('server: secure close');
            server.stop();
          },
        },
      });
      console.log('server: pair', raw !== secure, secure.data.number, socket.readyState, raw.readyState);
    },
    close() {
      console.log('server: raw close');
    },
  },
});

await Bun.connect({
  hostname: 'localhost',
  port: server.port,
  data: 'greeting',
  socket: {
    data(socket, data) {
      const { data: state } = socket;
      if (state === 'secure') return;
      console.log('client: plain', data.toString().trim());
      socket.data = state === 'greeting' ? 'asked' : 'secure';
      if (state === 'greeting') {
        socket.write('STARTTLS\n');
        return;
      }
      socket.upgradeTLS({
        tls: { ca: pem('authority'), serverName: 'localhost' },
        socket: {
          open(socket) {
            console.log('client: secure open', socket.readyState);
          },
          handshake(socket, success, error) {
            const { subject } = socket.getPeerCertificate();
            console.log('client: handshake', success, error, socket.authorized, subject.CN);
            keys(socket);
            socket.write('secret');
          },
          data(_socket, data) {
            console.log('client: secure', data.toString());
          },
          end() {
            console.log('client: secure end');
          },
          close() {
            console.log('client: secure close', exported.length, exported[0] === exported[1]);
          },
        },
      });
    },
    close() {
      console.log('client: raw close');
    },
  },
});
