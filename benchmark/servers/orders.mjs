// The driver's line to a server: its standard input and output. The same on Node and on Bun.
//
//   argument 1   what to do: echo, sink, greet (TCP, TLS), udp-echo, udp-count, udp-burst
//   --tls        certificate and key are in BENCH_CERTIFICATE and BENCH_KEY (paths)
//   --loop-delay measure the delay of the event loop
//   --workers N  serve from N worker threads that share the port
//   stdin        "reset" starts the server's own counters from zero, "measuring" the loop delay alone, "report" prints
//                them; its end ends the process, so that no server outlives its driver
import fs from 'node:fs';

const words = process.argv.slice(2);
export const service = words[0];
export const workers = words.includes('--workers') ? Number(words[words.indexOf('--workers') + 1]) : 0;

/** Certificate and key when the server is to speak TLS. */
export const tls = words.includes('--tls')
  ? { cert: fs.readFileSync(process.env.BENCH_CERTIFICATE), key: fs.readFileSync(process.env.BENCH_KEY) }
  : undefined;

/**
 * Tells the driver the port, and answers its orders from then on.
 * @param {number} port
 * @param {{reset(): void, report(): object}} [counter] the server's own counter, if it has one
 */
export function serveOrders(port, counter) {
  const delay = words.includes('--loop-delay') ? loopDelay() : undefined;
  let pending = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop();
    for (const line of lines) {
      if (line === 'reset') {
        counter?.reset();
      } else if (line === 'measuring') {
        delay?.reset();
      } else if (line === 'report') {
        process.stdout.write(`${JSON.stringify({ ...delay?.report(), ...counter?.report() })}\n`);
      }
    }
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdout.write(`listening ${port}\n`);
}

/**
 * How much later than planned a timer fires. The histogram of node:perf_hooks would be finer, but Bun's is not the same
 * thing; an interval is a program's own view of the delay, and alike everywhere.
 */
function loopDelay() {
  const period = 2;
  let late = [];
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - last - period));
    last = now;
  }, period);
  return {
    reset() {
      late = [];
    },
    report() {
      const sorted = late.sort((a, b) => a - b);
      late = [];
      const at = (fraction) => sorted[Math.ceil(sorted.length * fraction) - 1];
      return { delay_p50_ms: at(0.5), delay_p99_ms: at(0.99), delay_max_ms: at(1) };
    },
  };
}
