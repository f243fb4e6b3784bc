/**
 * Turns: how many look-ups are sent to the name servers at once. A look-up that hangs must not hold up the others, so a turn
 * is given up after a short while even when its look-up still waits.
 */
import type { Deadline } from '../time/deadline.ts';

export class Turns {
  readonly #most: number;
  readonly #givenUpAfterMs: number;
  readonly #queue = new Set<() => void>();
  #taken = 0;

  constructor(most: number, givenUpAfterMs: number) {
    this.#most = most;
    this.#givenUpAfterMs = givenUpAfterMs;
  }

  /**
   * Waits for a turn, in the order of asking.
   * @returns a function that ends the turn (calling it again is harmless), or `undefined` when the deadline came first.
   */
  async take(deadline: Deadline): Promise<(() => void) | undefined> {
    if (deadline.expired) return undefined;
    if (this.#taken < this.#most) this.#taken++;
    else if (!(await this.#called(deadline))) return undefined;
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      this.#taken--;
      this.#callNext();
    };
    const timer = setTimeout(end, this.#givenUpAfterMs);
    return end;
  }

  /** @returns true with the turn already counted as taken. */
  #called(deadline: Deadline): Promise<boolean> {
    return new Promise((resolve) => {
      const call = () => {
        stop();
        resolve(true);
      };
      this.#queue.add(call);
      const stop = deadline.onExpire(() => {
        this.#queue.delete(call);
        resolve(false);
      });
    });
  }

  #callNext(): void {
    const [next] = this.#queue;
    if (!next || this.#taken >= this.#most) return;
    this.#queue.delete(next);
    this.#taken++;
    next();
  }
}
