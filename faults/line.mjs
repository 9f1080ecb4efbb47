// Two hosts with a bad line between them: see line.c.

import { spawn, spawnSync } from 'node:child_process';
import readline from 'node:readline';
import { compile, noCompiler } from './compile.mjs';

/** The far host's address; the near one's is 10.99.0.1. */
export const FAR_ADDRESS = '10.99.0.2';

/**
 * Lays a line, without faults at first. It goes when `remove` is called, or with this process.
 * @param {number} seed of the line's random decisions
 * @returns the line, or why there can be none here
 */
export async function layLine(seed) {
  if (process.platform !== 'linux') return { unavailable: 'network namespaces are Linux’s' };
  if (process.getuid() !== 0) return { unavailable: 'network namespaces need root' };
  if (noCompiler) return { unavailable: noCompiler };
  if (spawnSync('nsenter', ['--version']).status !== 0) return { unavailable: 'nsenter is missing' };
  const { file } = compile('line.c');
  const child = spawn(file, [`${seed}`], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  // A line that has ended says so to whoever commands it next.
  child.stdin.on('error', () => {});
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (!done) return value;
    await ended;
    throw new Error(complaint.trim() || 'the line has ended');
  };
  let hosts;
  try {
    hosts = (await answer()).split(' ');
  } catch (error) {
    return { unavailable: error.message };
  }
  const say = (command) => {
    child.stdin.write(`${command}\n`);
    return answer();
  };
  const [near, far] = hosts.map((namespace) => [`--net=${namespace}`]);
  return {
    /** Arguments of `nsenter` that run a program on one of the hosts. */
    near,
    far,
    /** Gives the line the properties named in line.c, and no other. */
    set: (how = {}) => say(['set', ...Object.entries(how).map(([name, value]) => `${name}=${value}`)].join(' ')),
    cut: () => say('cut'),
    mend: () => say('mend'),
    /** What happened to the packets of the near host and to those of the far one. */
    report: async () => JSON.parse(await say('report')),
    remove() {
      child.stdin.end();
      return ended;
    },
  };
}
