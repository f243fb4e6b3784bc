/**
 * A lock that this process holds: says what it is doing, and gives it back.
 */
import type { FileHandle } from 'node:fs/promises';
import { formatState } from './lock-file.ts';

/** Who looks at the lock reads what was being done within the last second. */
const UPDATE_EVERY_MS = 1_000;

export interface LockDetails {
  /** Sentences about how it was come by: taken over from whom and why. */
  readonly notes: readonly string[];
  /** Runs that the holder before this one had turned away. */
  readonly turnedAway: number;
  /** True where a stuck holder was ended for it. */
  readonly endedStuck: boolean;
}

export class Lock implements LockDetails {
  readonly notes: readonly string[];
  readonly turnedAway: number;
  readonly endedStuck: boolean;
  readonly #handle: FileHandle;
  #doing: string;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<unknown> | undefined;
  #released: Promise<void> | undefined;

  constructor(handle: FileHandle, doing: string, details: LockDetails) {
    this.#handle = handle;
    this.#doing = doing;
    this.notes = details.notes;
    this.turnedAway = details.turnedAway;
    this.endedStuck = details.endedStuck;
  }

  /**
   * Says what the run is doing (`check, 312 of 5000 targets`), for whoever finds it in the way. Cheap: may be called for each
   * target; it is written at most once a second, and not waited for.
   */
  doing(what: string): void {
    this.#doing = what;
    const now = performance.now();
    if (this.#writing || this.#released || now - this.#writtenAt < UPDATE_EVERY_MS) return;
    this.#writtenAt = now;
    this.#writing = this.#write('held')
      .catch(() => {})
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Gives the lock back. Where the disk will not have it, the end of this process does the same. */
  release(): Promise<void> {
    this.#released ??= this.#giveBack();
    return this.#released;
  }

  async #giveBack(): Promise<void> {
    await this.#writing;
    await this.#write('released').catch(() => {});
    await this.#handle.close().catch(() => {});
  }

  #write(state: 'held' | 'released'): Promise<unknown> {
    return this.#handle.write(formatState(state, this.#doing), 0, 'latin1');
  }
}
