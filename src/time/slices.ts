/**
 * Slices: work that many ask for at the same moment (64 servers that answer at once) is done a few milliseconds in each turn
 * of the event loop, so that timers ring in time and nothing else waits for all of it.
 */
export class Slices {
  readonly #sliceMs: number;
  /** When this turn's work began; on the clock of `performance.now()`. */
  #since: number | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** May a piece of work be done now? If not, it goes to `later`. */
  hasTime(): boolean {
    if (this.#waiting.length > 0) return false;
    const now = performance.now();
    if (this.#since === undefined) {
      this.#since = now;
      setImmediate(this.#nextTurn);
    }
    return now - this.#since < this.#sliceMs;
  }

  /** @param work is called in one of the next turns, in the order of asking. It must not throw. */
  later(work: () => void): void {
    // The turn that is on ends in `#nextTurn`, which sees to all that wait.
    this.#waiting.push(work);
  }

  readonly #nextTurn = (): void => {
    const since = performance.now();
    let done = 0;
    while (done < this.#waiting.length && performance.now() - since < this.#sliceMs) {
      const work = this.#waiting[done] as () => void;
      done += 1;
      work();
    }
    this.#waiting.splice(0, done);
    this.#since = undefined;
    if (this.#waiting.length > 0) setImmediate(this.#nextTurn);
  };
}
