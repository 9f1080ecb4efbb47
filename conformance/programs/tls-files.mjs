// Keys by Bun.file, as in Bun's documentation; the specifier "bun"; SNI, ALPN and the peer's certificate.
import { fileURLToPath } from 'node:url';
import Bun, { connect, file, listen } from 'bun';

const pem = (name) => fileURLToPath(new URL(`../certificates/${name}.pem`, import.meta.url));

const server = listen({
  hostname: 'localhost',
  port: 0,
  tls: {
    key: Bun.file(pem('server-ec-key')),
    cert: [file(pem('server-ec'))],
    ca: file(pem('authority')),
    requestCert: true,
    ALPNProtocols: '\x04chat',
  },
  socket: {
    open(socket) {
      console.log('server: open', socket.authorized);
    },
    handshake(socket, success, error) {
      console.log('server: handshake', success, error, socket.authorized, socket.getPeerCertificate().subject.CN);
    },
    data(socket, data) {
      console.log('server: data', data.toString(), socket.alpnProtocol);
      socket.end('over TLS');
    },
    close() {
      console.log('server: close');
    },
  },
});

await connect({
  hostname: 'localhost',
  port: server.port,
  tls: {
    ca: Bun.file(pem('authority')),
    key: [Bun.file(pem('client-key'))],
    cert: Bun.file(pem('client')),
    ALPNProtocols: '\x04chat',
  },
  socket: {
    handshake(socket, success, error) {
      console.log('client: handshake', success, error, socket.getTLSVersion(), socket.getPeerCertificate().subject.CN);
      socket.write('hello');
    },
    data(_socket, data) {
      console.log('client: data', data.toString());
    },
    close() {
      console.log('client: close');
      server.stop();
    },
  },
});

try {
  listen({ hostname: 'localhost', port: 0, tls: { key: Bun.file('/no/such/file.pem') }, socket: { data() {} } });
} catch (error) {
  console.log('no such file', error instanceof Error);
}
try {
  listen({ hostname: 'localhost', port: 0, tls: { key: new Blob(['text']) }, socket: { data() {} } });
} catch (error) {
  console.log(error.name, error.code, error.message);
}
for (const option of ['ca', 'key', 'cert', 'crl']) {
  for (const content of [Bun.file('/dev/null'), [Bun.file('/dev/null')]]) {
    try {
      listen({ hostname: 'localhost', port: 0, tls: { [option]: content }, socket: { data() {} } });
    } catch (error) {
      console.log(error.name, error.code, error.message);
    }
  }
}
