/**
 * Turnstile: verdicts become known in any order and leave in the order in which they entered. The number inside is
 * bounded; who wants to enter more waits for room.
 */
export class Turnstile<T> {
  readonly #leave: (item: T) => void | Promise<void>;
  readonly #capacity: number;
  readonly #inside: (T | Promise<T>)[] = [];
  #running = false;
  #broken: { readonly cause: unknown } | undefined;
  /** Whoever waits for someone to leave. Not a promise that lives as long as the run: races on one would pile up. */
  #waiting: (() => void)[] = [];

  constructor(leave: (item: T) => void | Promise<void>, capacity: number) {
    this.#leave = leave;
    this.#capacity = capacity;
  }

  /** @param item a promise must not reject. */
  enter(item: T | Promise<T>): void {
    this.#inside.push(item);
    if (!this.#running) void this.#run();
  }

  /** Resolves once one more may enter. Throws what `leave` threw. */
  async room(): Promise<void> {
    while (this.#inside.length >= this.#capacity) await this.#nextLeaving();
  }

  /** Resolves once all that entered have left. Throws what `leave` threw. */
  async empty(): Promise<void> {
    while (this.#inside.length > 0) await this.#nextLeaving();
  }

  async #nextLeaving(): Promise<void> {
    if (!this.#broken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#broken) throw this.#broken.cause;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let next = this.#inside[0]; next !== undefined; next = this.#inside[0]) {
        const leaving = this.#leave(next instanceof Promise ? await next : next);
        if (leaving) await leaving;
        this.#inside.shift();
        this.#wake();
      }
    } catch (cause) {
      this.#broken = { cause };
      this.#wake();
    } finally {
      this.#running = false;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
