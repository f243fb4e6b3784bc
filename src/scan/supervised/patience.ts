/**
 * How long a supervisor waits for its scanner: until a moment after the deadline, and less where the scanner has long been
 * silent by then. It shows twice a second that its event loop turns (`frames.ts`): silence means that it does not.
 */
import { Deadline } from '../../time/deadline.ts';
import { ALIVE_EVERY_MS } from './frames.ts';

/** After the deadline, how long the scanner may take to name what it had not finished. */
const LAST_WORD_MS = 650;
/** Who has not said a word since the deadline by then is stuck: at the deadline there is something to be said at once. */
const FIRST_WORD_MS = 400;
/** It may be slow, it may be stuck. */
const SUSPICIOUS_MS = 1_500;
/** Nobody is so slow. */
const SILENT_MS = 3_000;
/** So long before the deadline a silent scanner is given up: to speak for a hundred thousand targets takes a while. */
const SPEAKING_MS = 2_000;
/** Before it is: what had come while this process itself was stopped must be read first. */
const HEARING_MS = 100;

export class Patience {
  readonly #deadline: Deadline;
  readonly #end: Deadline;
  #waitingSince = Number.POSITIVE_INFINITY;
  #hearing: NodeJS.Timeout | undefined;
  #firstWord: NodeJS.Timeout | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #unfollow: () => void;

  /**
   * @param deadline of the scan.
   * @param onSuspicion is told, once, that the scanner has been silent for some time: it may still come back.
   */
  constructor(deadline: Deadline, onSuspicion: () => void) {
    this.#deadline = deadline;
    this.#end = Deadline.shortlyAfter(deadline, LAST_WORD_MS);
    let suspicious = false;
    this.#watch = setInterval(() => {
      if (!suspicious && this.#silentMs >= SUSPICIOUS_MS) {
        suspicious = true;
        onSuspicion();
      }
      this.#giveUpIfSilent();
    }, ALIVE_EVERY_MS);
    this.#unfollow = deadline.onExpire(() => {
      this.#giveUpIfSilent();
      const at = performance.now();
      const endIfSilent = (): void => {
        if (this.#waitingSince <= at) this.#end.expire();
      };
      // An event loop that was late rings first, and only then reads what had come meanwhile.
      this.#firstWord = setTimeout(() => setImmediate(endIfSilent), FIRST_WORD_MS);
    });
  }

  /** @returns undefined where the scanner was waited for long enough. */
  async race<T>(next: Promise<T>): Promise<T | undefined> {
    this.#waitingSince = performance.now();
    const value = await this.#end.race(next);
    // Whoever takes long over what came does not hold it against the scanner.
    this.#waitingSince = Number.POSITIVE_INFINITY;
    return value;
  }

  release(): void {
    this.#unfollow();
    clearInterval(this.#watch);
    clearTimeout(this.#hearing);
    clearTimeout(this.#firstWord);
    this.#end.release();
  }

  get #silentMs(): number {
    return performance.now() - this.#waitingSince;
  }

  #giveUpIfSilent(): void {
    if (this.#silentMs < SILENT_MS || this.#deadline.remainingMs > SPEAKING_MS || this.#hearing) return;
    const since = this.#waitingSince;
    this.#hearing = setTimeout(() => {
      this.#hearing = undefined;
      if (this.#waitingSince === since) this.#end.expire();
    }, HEARING_MS);
  }
}
