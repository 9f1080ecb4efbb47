// STARTTLS: a small line protocol that begins in plain text and goes on in TLS, both ends in this file.
//
//   node examples/starttls.mjs
//
// Makes its own certificate with the openssl command.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect, listen } from 'bun-sockets';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'starttls-'));
const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', keyFile, '-out', certFile], {
  stdio: 'ignore',
});
const ca = fs.readFileSync(certFile);
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

const listener = listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    data(socket, data) {
      // After the upgrade this handler is shown the TLS records as they come.
      if (socket.data === 'upgraded') return;
      const line = String(data).trim();
      console.log('server, in plain text:', line);
      if (line !== 'STARTTLS') {
        socket.write('say STARTTLS first\n');
        return;
      }
      // The answer goes out in plain text; everything after it is TLS.
      socket.write('go ahead\n');
      socket.data = 'upgraded';
      socket.upgradeTLS({
        tls: { keyFile, certFile },
        socket: {
          data(secure, data) {
            console.log(`server, over ${secure.getTLSVersion()}:`, String(data).trim());
            secure.end('nobody has heard this\n');
          },
        },
      });
    },
  },
});

const socket = await connect({
  hostname: '127.0.0.1',
  port: listener.port,
  socket: {
    data(socket, data) {
      if (socket.data === 'upgraded') return;
      console.log('client, in plain text:', String(data).trim());
      socket.data = 'upgraded';
      socket.upgradeTLS({
        tls: { ca, serverName: 'localhost' },
        socket: {
          handshake(secure, success, error) {
            if (error) console.error('the server is not who it says:', error.code);
            else if (success) secure.write('the password is 1234\n');
          },
          data: (secure, data) => console.log(`client, over ${secure.getTLSVersion()}:`, String(data).trim()),
          close: () => listener.stop(),
        },
      });
    },
  },
});
socket.write('STARTTLS\n');
