/**
 * Phase clock: which phase of a look at a target is under way, and how long each one took. A look that is cut off at its
 * deadline is reported with the phase that this says.
 */
import type { Phase, Timings } from '../model/observation.ts';

type TimedPhase = keyof Timings;

export class PhaseClock {
  #phase: Phase = 'queue';
  #since = performance.now();
  readonly #spent: Record<TimedPhase, number> = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };

  get phase(): Phase {
    return this.#phase;
  }

  /** Milliseconds a phase, whole; the one under way counts up to now. */
  get timings(): Timings {
    this.#settle();
    const { resolve, connect, starttls, handshake } = this.#spent;
    return {
      resolve: Math.round(resolve),
      connect: Math.round(connect),
      starttls: Math.round(starttls),
      handshake: Math.round(handshake),
    };
  }

  enter(phase: Phase): void {
    this.#settle();
    this.#phase = phase;
  }

  /** A clock that goes on from here by itself: addresses looked at side by side share the look-up's time. */
  fork(): PhaseClock {
    this.#settle();
    const other = new PhaseClock();
    Object.assign(other.#spent, this.#spent);
    other.#phase = this.#phase;
    return other;
  }

  #settle(): void {
    const now = performance.now();
    if (this.#phase in this.#spent) this.#spent[this.#phase as TimedPhase] += now - this.#since;
    this.#since = now;
  }
}
