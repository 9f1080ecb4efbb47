// A third party on node:net, always Node.js whatever runtime is under test: what it reports was really on the wire.
// Options as JSON in the first argument; one JSON command per line on stdin; one report per line on stdout.

import fs from 'node:fs';
import net from 'node:net';
import { describeBytes } from './describe.mjs';

const options = JSON.parse(process.argv[2]);
const report = (kind, text = '') => fs.writeSync(1, `${kind}\t${text}\n`);

let socket;
/** Not `socket.closed`, which is true before the event. */
let closed = false;
let received = 0;
let collected = [];
const waiting = [];

function flush() {
  if (collected.length === 0) return;
  const all = Buffer.concat(collected);
  collected = [];
  report('say', `data ${all.length} ${describeBytes(all)}`);
}

function say(text) {
  flush();
  report('say', text);
}

function adopt(stream) {
  socket = stream;
  if (options.paused) stream.pause();
  else listenForData();
  stream.on('end', () => say('end'));
  stream.on('error', (error) => say(`error ${error.code}`));
  stream.on('close', () => {
    say('close');
    closed = true;
  });
  for (const command of waiting.splice(0)) obey(command);
}

function listenForData() {
  socket.on('data', (data) => {
    received += data.length;
    if (options.count) report('received', received);
    else {
      collected.push(data);
      report('data', received);
    }
  });
}

const commands = {
  write: ({ text }) => socket.write(text),
  fill: ({ size }) => socket.write(Buffer.alloc(size, 'f')),
  end: ({ text }) => socket.end(text),
  reset: () => socket.resetAndDestroy(),
  destroy: () => socket.destroy(),
  pause: () => socket.pause(),
  resume: () => {
    if (socket.listenerCount('data') === 0) listenForData();
    socket.resume();
  },
  total: () => {
    flush();
    report('say', `${received} bytes in all`);
  },
};

function obey(command) {
  if (!socket) waiting.push(command);
  else commands[command.do](command);
}

if (options.connect) {
  // Not Node's own default of `localhost`, which leads to two addresses one after the other.
  const stream = net.connect({ host: '127.0.0.1', ...options.connect, allowHalfOpen: options.allowHalfOpen ?? false });
  stream.on('connect', () => say('connected'));
  adopt(stream);
} else {
  const server = net.createServer({ allowHalfOpen: options.allowHalfOpen ?? false, pauseOnConnect: true }, (stream) => {
    say('accepted');
    adopt(stream);
    if (!options.paused) stream.resume();
  });
  server.listen(options.listen, () => report('port', server.address().port ?? 0));
}

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  for (const line of lines) obey(JSON.parse(line));
});
process.stdin.on('end', () => {
  // The scenario is over. A connection that is about to close gets the time to say so.
  const leave = () => {
    flush();
    process.exit(0);
  };
  if (!socket || closed) leave();
  socket.on('close', () => setImmediate(leave));
  setTimeout(leave, 500);
});
