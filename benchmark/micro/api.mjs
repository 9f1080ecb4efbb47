// The API under test: BENCH_ENTRY (default: this checkout's index.js) on Node; Bun's own when Bun runs the file.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const entry = process.env.BENCH_ENTRY ?? fileURLToPath(new URL('../../index.js', import.meta.url));

/** @type {Pick<typeof import('../../index.js'), 'listen' | 'connect'>} */
export const { listen, connect } = globalThis.Bun ?? require(entry);
