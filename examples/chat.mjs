// A chat over TLS in which everybody is known by a certificate: no passwords, no names to make up.
//
//   node examples/chat.mjs
//
// The server takes only those whose certificate its own authority has signed. Makes the certificates with the openssl command.

import fs from 'node:fs';
import { connect, listen } from 'bun-sockets';
import { authority, signedBy } from './certificates.mjs';

const club = authority('The Club');
const server = signedBy(club, 'server', 'subjectAltName=DNS:localhost');
const people = ['Ada', 'Grace'].map((name) => ({ name, ...signedBy(club, name) }));
const stranger = { name: 'Mallory', ...signedBy(authority('Somewhere Else'), 'Mallory') };

const members = new Map(); // socket => name
function tell(text, except) {
  for (const socket of members.keys()) if (socket !== except) socket.write(`${text}\n`);
}

const listener = listen({
  hostname: 'localhost',
  port: 0,
  tls: { ...server, caFile: club.certFile, requestCert: true, rejectUnauthorized: true },
  socket: {
    handshake(socket, success, error) {
      // An untrusted certificate makes the server close the connection right after this, yet the handshake was one.
      if (!success || error) {
        console.log(`server: refused ${socket.getPeerCertificate()?.subject.CN ?? 'somebody'}: ${error?.code}`);
        return;
      }
      const name = socket.getPeerCertificate().subject.CN;
      members.set(socket, name);
      socket.data = '';
      tell(`${name} is here`);
    },
    data(socket, data) {
      const lines = (socket.data + data).split('\n');
      socket.data = lines.pop();
      for (const line of lines) tell(`${members.get(socket)}: ${line}`, socket);
    },
    close(socket) {
      const name = members.get(socket);
      if (members.delete(socket)) tell(`${name} has left`);
    },
  },
});

/** Comes in as somebody; `heard(text)` waits for a line. */
async function enter({ name, keyFile, certFile }) {
  const lines = [];
  const waiting = new Map();
  let rest = '';
  let closed;
  const over = new Promise((resolve) => {
    closed = resolve;
  });
  const socket = await connect({
    hostname: 'localhost',
    port: listener.port,
    tls: { ca: fs.readFileSync(club.certFile), keyFile, certFile },
    socket: {
      data(_socket, data) {
        const pieces = (rest + data).split('\n');
        rest = pieces.pop();
        for (const line of pieces) {
          console.log(`${name} reads "${line}"`);
          lines.push(line);
          waiting.get(line)?.();
        }
      },
      close: () => closed(),
    },
  });
  const heard = (line) => (lines.includes(line) ? undefined : new Promise((resolve) => waiting.set(line, resolve)));
  return { say: (text) => socket.write(`${text}\n`), leave: () => socket.end(), heard, over };
}

const ada = await enter(people[0]);
await ada.heard('Ada is here');
const grace = await enter(people[1]);
await Promise.all([ada.heard('Grace is here'), grace.heard('Grace is here')]);
ada.say('Hello Grace!');
await grace.heard('Ada: Hello Grace!');
grace.say('Hello Ada!');
await ada.heard('Grace: Hello Ada!');

const intruder = await enter(stranger);
await intruder.over;

grace.leave();
await ada.heard('Grace has left');
ada.leave();
await Promise.all([ada.over, grace.over]);
listener.stop();
