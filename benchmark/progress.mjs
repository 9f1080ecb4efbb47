// One line that changes on a terminal; plain lines elsewhere.
const out = process.stderr;

export class Progress {
  #total;
  #done = 0;
  #started = performance.now();

  /** @param {number} total measures to come */
  constructor(total) {
    this.#total = total;
  }

  /** A line that stays. */
  say(text) {
    this.#clear();
    out.write(`${text}\n`);
  }

  at(name, round, rounds) {
    if (!out.isTTY) return;
    const elapsed = performance.now() - this.#started;
    const part = this.#done + Math.max(0, round) / rounds;
    const left = part > 0.5 ? `, about ${clock((elapsed / part) * (this.#total - part))} left` : '';
    const step = round < 0 ? 'warming up' : `round ${round + 1}/${rounds}`;
    this.#clear();
    out.write(`${this.#done + 1}/${this.#total} ${name}: ${step} (${clock(elapsed)}${left})`);
  }

  /** @param {string[]} lines what the measure found */
  finish(lines) {
    this.#done += 1;
    this.#clear();
    process.stdout.write(`${lines.join('\n')}\n`);
  }

  #clear() {
    if (out.isTTY) out.write('\r\x1b[K');
  }
}

function clock(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
