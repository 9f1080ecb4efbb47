// Steps of handshakes are taken by the JavaScript thread or by others, which depends on the number of processors: nobody may see a
// difference.

import path from 'node:path';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { hasOpenssl, pathOf } from './support/secure.mjs';
import { firstLine, program, root } from './support/processes.mjs';

/** Each of these takes up to a minute. AVA gives up after two. */
const SCENARIOS = [['tls-[a-n]*'], ['tls-[o-z]*', 'upgrade*']];

for (const thread of ['main', 'workers']) {
  const env = { BUN_SOCKETS_HANDSHAKES: thread };

  for (const names of SCENARIOS) {
    // Recorded on Linux, with its error numbers.
    (process.platform === 'linux' ? test.serial : test.serial.skip)(
      `${thread}: the scenarios ${names.join(' and ')} are as on Bun`,
      (t) => {
        const run = spawnSync(process.execPath, [path.join(root, 'conformance/run.mjs'), ...names], {
          env: { ...process.env, NODE_OPTIONS: '', ...env },
          encoding: 'utf8',
          timeout: 110_000,
        });
        const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(run.stdout) ?? t.fail(run.stdout + run.stderr);
        // What failed comes first: a long message may be cut.
        t.is(Number(failed), 0, run.stdout.replace(/^\S+: ok.*\n/gm, ''));
        t.true(Number(passed) > 20);
      },
    );
  }

  for (const kind of ['server-ec', 'server-rsa']) {
    const run = hasOpenssl ? test : test.skip;
    run(`${thread}: a client that has to offer another group, ${kind}`, async (t) => {
      const { child, ended } = program(
        `
        import fs from 'node:fs';
        import { listen } from 'bun-sockets';
        const [cert, key] = ['', '-key'].map((what) => fs.readFileSync(${JSON.stringify(pathOf(kind).slice(0, -4))} + what + '.pem'));
        const listener = listen({ hostname: '127.0.0.1', port: 0, tls: { cert, key }, socket: {
          handshake: (socket, success) => console.log('handshake', success),
          data(socket, data) { console.log('data', String(data)); listener.stop(); socket.end('bye'); },
        } });
        console.log(listener.port);
        `,
        { env },
      );
      const port = await firstLine(child);
      // The share is for the first group, which rustls does not have.
      const client = spawnSync(
        'openssl',
        ['s_client', '-connect', `127.0.0.1:${port}`, '-groups', 'P-521:P-256', '-msg', '-quiet'],
        {
          input: 'hello',
          encoding: 'utf8',
          timeout: 30_000,
        },
      );
      t.is(client.stdout.match(/Handshake \[length [0-9a-f]+\], ClientHello/g)?.length, 2, client.stderr);
      t.true(client.stdout.includes('bye'), client.stdout.slice(-200));
      const { out, err } = await ended;
      t.is(out, `${port}\nhandshake true\ndata hello\n`, err);
    });
  }
}
