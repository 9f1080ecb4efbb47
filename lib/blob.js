'use strict';
// The bytes of an in-memory Blob, at once: Bun's `write` takes Blobs synchronously, Node reads them only asynchronously.

const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads');

/** A Blob in memory is read in microseconds; this is the limit for one that never answers. */
const PATIENCE = 5000;

const READER = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', async ({ blob, port, signal }) => {
    let answer;
    try {
      answer = { bytes: new Uint8Array(await blob.arrayBuffer()) };
    } catch (error) {
      answer = { error };
    }
    port.postMessage(answer);
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
`;

/** @type {Worker | undefined} */
let reader;

/**
 * Reads a Blob while this thread waits, on a thread that is started at the first use and does not keep the process alive.
 * @param {Blob} blob
 * @returns {Uint8Array}
 * @throws {Error} what reading it threw, or that it took longer than 5 s
 */
function readBlob(blob) {
  if (blob.size === 0) return new Uint8Array(0);
  if (reader === undefined) {
    reader = new Worker(READER, { eval: true });
    reader.unref();
    reader.once('exit', () => {
      reader = undefined;
    });
  }
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  reader.postMessage({ blob, port: port2, signal }, [port2]);
  const waited = Atomics.wait(signal, 0, 0, PATIENCE);
  const answer = receiveMessageOnPort(port1)?.message;
  port1.close();
  if (waited === 'timed-out' || answer === undefined) throw new Error('The Blob could not be read in time');
  if (answer.error !== undefined) throw answer.error;
  return answer.bytes;
}

module.exports = { readBlob };
