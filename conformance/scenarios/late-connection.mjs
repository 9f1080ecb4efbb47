// A connection that came, wrote and went while the event loop was busy.
import { spawnSync } from 'node:child_process';

const visit = (port, leave) => `
  const s = require('node:net').connect(${port}, '127.0.0.1', () => s.write('short visit', () => ${leave}));
  s.on('error', () => {});`;

export default async function ({ serve, actor }) {
  for (const [way, leave] of [
    ['FIN', 's.end()'],
    ['RST', 'setTimeout(() => s.resetAndDestroy(), 20)'],
  ]) {
    const name = `server, ${way}`;
    const listener = serve(name);
    const script = `${visit(listener.port, leave)} setTimeout(() => process.exit(), 200)`;
    spawnSync(process.env.SCENARIO_NODE, ['-e', script]); // synchronous: the loop does not turn meanwhile
    await actor(name).seen('close');
    listener.stop(true);
  }
}
