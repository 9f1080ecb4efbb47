// Where the kernel itself gives less than there is, and no edge for the rest: at urgent data, and where descriptors were sent along.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { openDescriptors } from './support/descriptors.mjs';
import { serve } from './support/observe.mjs';

/** Node cannot send either; Python can. It keeps the connection open until it is killed, so that no end hides a lack of data. */
function peer(t, program) {
  const child = spawn('python3', ['-c', `import array, os, socket, sys\n${program}\nsys.stdin.read()`], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  t.teardown(() => child.stdin.end());
}

if (process.platform !== 'linux' || spawnSync('python3', ['--version']).status !== 0) {
  test('urgent data and descriptors are sent with python3, on Linux only', (t) => t.pass());
} else {
  test('what follows urgent data arrives', async (t) => {
    const { observer, target } = serve(t);
    peer(
      t,
      `s = socket.create_connection(('127.0.0.1', ${target.port}))
s.send(b'abc'); s.send(b'X', socket.MSG_OOB); s.send(b'def')`,
    );
    await observer.seen(() => observer.text === 'abcdef');
    t.deepEqual(observer.events, ['open', 'data']);
  });

  test('what follows descriptors arrives, and the descriptors are not kept', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bs-'));
    t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
    const unix = path.join(folder, 's');
    const { observer } = serve(t, {}, { unix });
    const sent = path.join(folder, 'sent');
    peer(
      t,
      `f = open(${JSON.stringify(sent)}, 'w').fileno()
s = socket.socket(socket.AF_UNIX); s.connect(${JSON.stringify(unix)})
for i in range(10):
    s.sendmsg([b'abc'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [f, f, f]))]); s.send(b'def')`,
    );
    await observer.seen(() => observer.bytes === 60);
    t.is(observer.text, 'abcdef'.repeat(10));
    t.true(fs.existsSync(sent));
    t.false(openDescriptors().includes(sent), 'somebody else’s descriptor is open here');
    const own = fs.openSync(sent);
    t.true(openDescriptors().includes(sent), 'the test would not see one');
    fs.closeSync(own);
  });

  test('urgent data in the middle of a lot', async (t) => {
    const { observer, target } = serve(t, {}, { keepData: false });
    peer(
      t,
      `s = socket.create_connection(('127.0.0.1', ${target.port}))
for i in range(200):
    s.sendall(b'a' * 5000); s.send(b'X', socket.MSG_OOB)
s.sendall(b'end')`,
    );
    // Only the last urgent byte is out of band; the ones before it stay in the stream.
    await observer.seen(() => observer.bytes >= 200 * 5000 + 3);
    t.true(observer.bytes <= 200 * 5001 + 3);
  });
}
