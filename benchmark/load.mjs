// Running the load generator once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';

/**
 * @param {string} loadGenerator
 * @param {string[]} words its arguments
 * @param {(line: string) => void | Promise<void>} onProgress called with `measuring` or `open`
 * @returns {Promise<Record<string, number> | undefined>} what it measured; undefined when it failed
 */
export async function runLoad(loadGenerator, words, onProgress) {
  const load = spawn(loadGenerator, words, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000 });
  const closed = once(load, 'close');
  let result;
  let progress;
  readline.createInterface({ input: load.stdout }).on('line', (line) => {
    if (line.startsWith('{')) result = JSON.parse(line);
    else progress = onProgress(line);
  });
  const [code] = await closed;
  await progress;
  return code === 0 ? result : undefined;
}
