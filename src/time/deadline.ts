/**
 * Deadline: an absolute point in time after which nothing is waited for. It is never an idle timeout: a peer that drips a
 * byte a second does not move it. Every wait in certwatch takes one.
 */

/** Node's timers overflow to 1 ms above this; longer waits are armed again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Deadline {
  /** On the monotonic clock of `performance.now()`, in milliseconds; `Infinity` for none. */
  readonly at: number;
  #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #expired = false;
  #cutShort = false;
  #unfollow: (() => void) | undefined;

  /** @param parent ends this one too: a target never outlives its run. */
  private constructor(at: number, parent?: Deadline) {
    this.at = parent ? Math.min(at, parent.at) : at;
    if (parent) this.#unfollow = parent.onExpire(() => this.expire());
    // With a parent that comes first, its coming is this one's: two timers for one moment could ring in either order.
    if (!this.#expired && !(parent && parent.at <= at)) this.#arm();
  }

  static after(ms: number, parent?: Deadline): Deadline {
    return new Deadline(performance.now() + ms, parent);
  }

  /** Never comes by itself; `expire()` can still bring it (a signal, a parent). */
  static none(): Deadline {
    return new Deadline(Number.POSITIVE_INFINITY);
  }

  /** Comes `graceMs` after `earlier` has come, however that came about: for what is still to be written down then. */
  static shortlyAfter(earlier: Deadline, graceMs: number): Deadline {
    const later = Deadline.none();
    later.#unfollow = earlier.onExpire(() => {
      later.#timer = setTimeout(() => later.expire(), graceMs);
    });
    return later;
  }

  get expired(): boolean {
    return this.#expired;
  }

  /** It came before its time: somebody has brought it, or that of a parent. */
  get cutShort(): boolean {
    return this.#cutShort;
  }

  /** Milliseconds left, never negative. */
  get remainingMs(): number {
    return this.#expired ? 0 : Math.max(0, this.at - performance.now());
  }

  /**
   * Calls `listener` once when the deadline passes; at once when it has passed.
   * @returns a function that takes the listener back.
   */
  onExpire(listener: () => void): () => void {
    if (this.#expired) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Brings the deadline now: what hangs on it is told at once. */
  expire(): void {
    if (this.#expired) return;
    this.#expired = true;
    this.#cutShort = performance.now() < this.at;
    this.release();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  /** Nothing waits any more: drops the timer, so that the process may end, and lets go of the parent. */
  release(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  /** Waits for `work`, but not longer than this: `undefined` when the deadline came first. The work itself is not ended. */
  async race<T>(work: Promise<T>): Promise<T | undefined> {
    let stop = () => {};
    const end = new Promise<undefined>((resolve) => {
      stop = this.onExpire(() => resolve(undefined));
    });
    try {
      return await Promise.race([work, end]);
    } finally {
      stop();
    }
  }

  #arm(): void {
    if (this.at === Number.POSITIVE_INFINITY) return;
    const left = Math.max(0, this.at - performance.now());
    this.#timer = setTimeout(
      () => {
        if (this.at > performance.now()) this.#arm();
        else this.expire();
      },
      Math.min(Math.ceil(left), LONGEST_TIMER_MS),
    );
  }
}
