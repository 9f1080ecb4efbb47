import test from 'ava';
import { connect, listen } from 'bun-sockets';
import { notOnWindows } from './support/platform.mjs';
import { program } from './support/processes.mjs';
import { accepted, everything, rawClient, rawServer } from './support/raw.mjs';

const nothing = { data() {} };

const ADOPT = `
  import { connect } from 'bun-sockets';
  const socket = await connect({
    fd: 3,
    socket: {
      open: (s) => void s.write(\`adopted as \${s.fd}, \`),
      data: (s, data) => void s.end(data.toString().toUpperCase()),
      close: (s) => console.log('close', s.fd),
    },
  });
`;

notOnWindows('a connected TCP socket of another process', async (t) => {
  const { server, target } = await rawServer(t);
  const handed = await rawClient(t, target);
  const peer = await accepted(server);
  const { ended } = program(ADOPT, { stdio: ['ignore', 'pipe', 'pipe', handed] });
  handed.destroy();
  const all = everything(peer);
  peer.write('from the peer');
  t.regex((await all).toString(), /^adopted as \d+, FROM THE PEER$/);
  const { out, code, err } = await ended;
  t.is(code, 0, err);
  t.is(out, 'close -1\n');
});

notOnWindows('a socket pair', async (t) => {
  const { child, ended } = program(ADOPT, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const end = child.stdio[3];
  const all = everything(end);
  end.write('over a pair');
  t.regex((await all).toString(), /^adopted as \d+, OVER A PAIR$/);
  t.is((await ended).code, 0);
});

test('a descriptor that is not open', async (t) => {
  const error = await t.throwsAsync(connect({ fd: 9999, socket: nothing }), {
    code: process.platform === 'win32' ? 'ENOTSUP' : 'EBADF',
  });
  t.is(error.message, 'Failed to connect');
});

test('listening on one is refused', (t) => {
  t.throws(() => listen({ fd: 0, socket: nothing }), { code: 'EINVAL', message: 'Failed to listen at ' });
});
