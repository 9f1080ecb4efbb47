// A mail server (RFC 5321) that demands STARTTLS (RFC 3207) and prints what it is given.
//
//   node examples/smtp.mjs [port]
//
// Prints its port and the file of its certificate's authority; QUIT of a client does not end it, SIGTERM and SIGINT do.

import { listen } from 'bun-sockets';
import { authority, signedBy } from './certificates.mjs';

const ca = authority('mail');
const identity = signedBy(ca, 'localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
/** No mail is longer than this, in bytes. */
const SIZE = 10 * 1024 * 1024;

/** What the server knows of a connection; after STARTTLS it knows nothing any more. */
class Session {
  secure = false;
  from = undefined;
  to = [];
  rest = '';
  /** The lines of the mail while it comes. */
  mail = undefined;
  length = 0;

  /** The answers to what has come. */
  *take(chunk) {
    const lines = (this.rest + chunk.toString('latin1')).split('\r\n');
    this.rest = lines.pop();
    if (this.rest.length > SIZE) throw new Error('an endless line');
    for (const line of lines) {
      const answer = this.mail === undefined ? this.command(line) : this.line(line);
      if (answer !== undefined) yield answer;
    }
  }

  command(line) {
    const [, verb, rest] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    switch (verb?.toUpperCase()) {
      case 'EHLO':
        return ['250-localhost', `250-SIZE ${SIZE}`, ...(this.secure ? [] : ['250-STARTTLS']), '250 8BITMIME'].join(
          '\r\n',
        );
      case 'STARTTLS':
        return this.secure ? '503 it is secure already' : '220 go ahead';
      case 'QUIT':
        return '221 good bye';
      case 'NOOP':
      case 'RSET':
        this.from = undefined;
        this.to = [];
        return '250 ok';
    }
    if (!this.secure) return '530 STARTTLS first';
    switch (verb?.toUpperCase()) {
      case 'MAIL':
        this.from = /<(.*?)>/.exec(rest)?.[1];
        return this.from === undefined ? '501 from whom?' : '250 ok';
      case 'RCPT':
        if (this.from === undefined) return '503 MAIL first';
        this.to.push(/<(.*?)>/.exec(rest)?.[1]);
        return '250 ok';
      case 'DATA':
        if (this.to.length === 0) return '503 RCPT first';
        this.mail = [];
        this.length = 0;
        return '354 end with a dot';
      default:
        return '502 not implemented';
    }
  }

  line(line) {
    if (line !== '.') {
      this.length += line.length;
      if (this.length <= SIZE) this.mail.push(line.startsWith('.') ? line.slice(1) : line);
      return undefined;
    }
    const { from, to, mail, length } = this;
    [this.from, this.to, this.mail] = [undefined, [], undefined];
    if (length > SIZE) return '552 too long';
    console.log(`mail from ${from} to ${to.join(' ')}: ${mail.length} lines, ${length} bytes`);
    console.log(mail.slice(-3).join('\n'));
    return '250 delivered';
  }
}

const plain = {
  open(socket) {
    socket.data = new Session();
    socket.write('220 localhost at your service\r\n');
  },
  data(socket, chunk) {
    if (socket.data.upgraded) return; // records of TLS: the other half of the pair decrypts them
    for (const answer of socket.data.take(chunk)) {
      socket.write(`${answer}\r\n`);
      if (answer.startsWith('221')) socket.end();
      if (answer !== '220 go ahead') continue;
      socket.data.upgraded = true;
      // What a stranger may have put behind STARTTLS in plain text must not count as said securely.
      const session = Object.assign(new Session(), { secure: true });
      socket.upgradeTLS({ tls: identity, data: session, socket: secure });
      return;
    }
  },
};

const secure = {
  handshake(socket, success, error) {
    console.log(success ? `secure: ${socket.getTLSVersion()}` : `not secure: ${error?.message}`);
  },
  data(socket, chunk) {
    for (const answer of socket.data.take(chunk)) {
      socket.write(`${answer}\r\n`);
      if (answer.startsWith('221')) socket.end();
    }
  },
};

const listener = listen({ hostname: '127.0.0.1', port: Number(process.argv[2] ?? 0), socket: plain });
console.log(`port ${listener.port} ca ${ca.certFile}`);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
