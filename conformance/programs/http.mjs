// A web server by hand, asked by node:http and by fetch; keep-alive and pipelining.
import http from 'node:http';

const answer = (text) =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: keep-alive\r\n\r\n${text}`;

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = '';
    },
    data(socket, chunk) {
      socket.data += chunk.toString('latin1');
      for (let end = socket.data.indexOf('\r\n\r\n'); end >= 0; end = socket.data.indexOf('\r\n\r\n')) {
        const [line] = socket.data.split('\r\n', 1);
        socket.data = socket.data.slice(end + 4);
        socket.write(answer(`you asked: ${line} — ok`));
      }
    },
  },
});
const base = `http://127.0.0.1:${server.port}`;

console.log(await (await fetch(`${base}/fetch`)).text());

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
for (const path of ['/first', '/second']) {
  const text = await new Promise((resolve, reject) => {
    http
      .get(base + path, { agent }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part) => (body += part));
        response.on('end', () => resolve(body));
      })
      .on('error', reject);
  });
  console.log(text);
}
agent.destroy();

const pipelined = await new Promise((resolve) => {
  let text = '';
  Bun.connect({
    hostname: '127.0.0.1',
    port: server.port,
    socket: {
      open: (socket) => void socket.write('GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n'),
      data(socket, data) {
        text += data;
        if (text.match(/ok/g)?.length === 3) socket.end();
      },
      close: () => resolve(text),
    },
  });
});
console.log(pipelined.match(/you asked: \S+ \S+/g).join(', '));
server.stop(true);
process.exit(0);
