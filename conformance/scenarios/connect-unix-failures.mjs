// Paths that lead nowhere.
import fs from 'node:fs';

export default async function ({ connect, main, path, process: start }) {
  const attempt = (label, unix) => main.settle(label, () => connect({ unix, socket: { data() {} } }));
  await attempt('missing', path('none'));
  fs.writeFileSync(path('file'), '');
  await attempt('a file', path('file'));
  await attempt('too long', `/tmp/${'z'.repeat(150)}`);
  const child = start('server process', 'serveUntilKilled', path('stale'));
  await child.seen('listening');
  child.kill();
  await child.exits();
  main.say('file left by a killed process', fs.existsSync(path('stale')));
  await attempt('stale', path('stale'));
}

export async function serveUntilKilled({ listen, main }, unix) {
  listen({ unix, socket: { data() {} } });
  main.say('listening');
}
