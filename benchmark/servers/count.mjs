// Counts the datagrams of the measured part of a run. The first byte of each says which part it belongs to: 0 before,
// 1 measured, 2 after. The driver cannot ask at the right moments itself: under a flood the server would hear it late.
export class Count {
  #part = 0;
  #datagrams = 0;
  #began = 0;
  #ended = 0;

  add(part) {
    if (part !== this.#part) this.#turn(part);
    if (part === 1) this.#datagrams += 1;
  }

  #turn(part) {
    this.#part = part;
    if (part === 1) this.#began = performance.now();
    if (part === 2) this.#ended = performance.now();
  }

  reset() {
    this.#part = 0;
    this.#datagrams = 0;
  }

  report() {
    return { datagrams: this.#datagrams, seconds: (this.#ended - this.#began) / 1000 };
  }
}
