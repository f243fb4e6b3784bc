/**
 * Who may go on: so many renewals at a time, and of those that listen on one port themselves only one. The port is held while
 * a challenge may have to be answered and no longer: what comes after the order, a reload that is stuck, keeps nobody from it.
 * A renewal that waits for the port gives its place to another, and its own time does not begin before it has both.
 */
import { Deadline } from '../time/deadline.ts';
import type { Renewal } from './renewal.ts';

export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns false where there is none. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** In the order of coming; who was in already and comes back goes before those. */
  async take({ back = false } = {}): Promise<void> {
    if (this.tryTake()) return;
    await new Promise<void>((resolve) => {
      if (back) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
    });
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

/** One port that renewals listen on themselves, for one of them. */
export interface Turn {
  /** Resolves when the port is this one's, with the deadline that counts from then on; undefined: the run is over. */
  take(): Promise<Deadline | undefined>;
  /** The next one may have it. */
  over(): void;
}

export interface TurnOptions {
  readonly port: Places;
  /** This one holds one of them. */
  readonly places: Places;
  readonly timeoutMs: number;
  readonly ofRun: Deadline;
}

export class PortTurn implements Turn {
  readonly #options: TurnOptions;
  #has = false;
  #deadline: Deadline | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  async take(): Promise<Deadline | undefined> {
    const { port, places, timeoutMs, ofRun } = this.#options;
    if (!port.tryTake()) {
      places.give();
      await port.take();
      await places.take({ back: true });
    }
    this.#has = true;
    if (ofRun.expired) return undefined;
    this.#deadline = Deadline.after(timeoutMs, ofRun);
    return this.#deadline;
  }

  over(): void {
    if (this.#has) this.#options.port.give();
    this.#has = false;
  }

  /** All of it is over. */
  release(): void {
    this.over();
    this.#deadline?.release();
  }
}

/** The port that it would listen on; two addresses of one port may be in each other's way. */
export function portOf({ by }: Pick<Renewal, 'by'>): string | undefined {
  return by.kind === 'acme' && 'listen' in by.challenge ? by.challenge.listen.replace(/^.*:/, '') : undefined;
}
