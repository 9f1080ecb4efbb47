// Several worker threads that listen on one port: the kernel spreads the connections over them.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { workers } from './orders.mjs';

/**
 * In the main thread: starts the workers and gives their port. In a worker: listens and never comes back.
 * @param {string} program the file that both run, as a URL
 * @param {(options: {port: number, reusePort: boolean}) => {port: number} | Promise<{port: number}>} listen
 * @returns {Promise<number>}
 */
export async function startWorkers(program, listen) {
  if (!isMainThread) {
    const listener = await listen({ port: workerData.port, reusePort: true });
    parentPort.postMessage(listener.port);
    return new Promise(() => {});
  }
  let port = 0;
  for (let i = 0; i < workers; i += 1) {
    const worker = new Worker(fileURLToPath(program), { argv: process.argv.slice(2), workerData: { port } });
    port = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }
  return port;
}
