/**
 * The second reading: when a scanner is lost before it has told all of its targets, another process reads the lists again
 * and names those that are left, so that every target has its result.
 *
 * It is a process of its own because a scanner may well have been lost to a dead disk: a supervisor that read from it, even
 * asynchronously, would be held up by that in its exit, which waits for libuv's threads.
 */
import type { InputError, Target } from '../../model/target.ts';
import type { Deadline } from '../../time/deadline.ts';
import { type Frame, readFrames } from './frames.ts';
import type { Told } from './role.ts';
import type { SupervisedProcess } from './supervised-process.ts';

/** What a scanner has told of its lists so far. */
export interface ToldSoFar extends Told {
  readonly last?: Target;
  /** That was all there is. */
  readonly all: boolean;
}

export const NOTHING_TOLD: ToldSoFar = { targets: 0, errors: 0, all: false };

interface Reading<S> {
  readonly reader: SupervisedProcess;
  readonly frames: AsyncIterator<Frame<S>, void, undefined>;
  /** Asked for ahead: of a process that ends, Node throws away what nobody has begun to read. */
  next: Promise<IteratorResult<Frame<S>, void> | undefined>;
  /** As it was when this began. */
  readonly told: ToldSoFar;
}

export interface RestOptions {
  readonly told: ToldSoFar;
  readonly until: Deadline;
  readonly onTarget: (target: Target) => void | Promise<void>;
  readonly onInputError: (error: InputError) => void;
}

/** `missing`: how many at most, where that is known. */
export type Rest = { readonly complete: true } | { readonly complete: false; readonly missing?: number };

export class SecondReading<S> {
  readonly #spawn: (told: Told) => Promise<SupervisedProcess>;
  #reading: Promise<Reading<S>> | undefined;

  /** @param spawn starts a process that names the targets behind those that were told. */
  constructor(spawn: (told: Told) => Promise<SupervisedProcess>) {
    this.#spawn = spawn;
  }

  /** Starts the process, if it does not run yet. */
  begin(told: ToldSoFar): void {
    this.#reading ??= this.#start(told);
  }

  /** Ends the process: it is not needed, or not any more. */
  end(): void {
    void this.#reading?.then(({ reader }) => reader.kill());
  }

  /** The run by its config, for a scanner that had not even told that. @returns undefined where it does not come in time. */
  async run(until: Deadline): Promise<S | undefined> {
    this.begin(NOTHING_TOLD);
    const frame = await this.#next(until);
    return frame?.kind === 'run' ? frame.run : undefined;
  }

  /** Names the targets that had not been told, in their order. Ends the process. */
  async rest({ told, until, onTarget, onInputError }: RestOptions): Promise<Rest> {
    this.begin(told);
    const reading = await (this.#reading as Promise<Reading<S>>);
    const behind = new Behind(told, reading.told);
    let lines: number | undefined;
    let count = 0;
    for (;;) {
      const frame = await this.#next(until);
      if (frame?.kind === 'all-told' && behind.reached) return { complete: true };
      if (frame === undefined || frame.kind === 'all-told' || until.expired) break;
      if (frame.kind === 'lines') lines = frame.count;
      else if (frame.kind === 'input-error' && behind.isNewError()) onInputError(frame.error);
      else if (frame.kind === 'targets') {
        for (const target of frame.targets) {
          if (!behind.isNew(target)) continue;
          count += 1;
          await onTarget(target);
        }
      }
      if (behind.strayed) break;
    }
    this.end();
    const missing = (lines ?? 0) - told.targets - told.errors - count;
    return { complete: false, ...(missing > 0 ? { missing } : {}) };
  }

  async #start(told: ToldSoFar): Promise<Reading<S>> {
    // From the last one that was told: it shows whether the lists are still the ones that it came from.
    const reader = await this.#spawn({ targets: Math.max(0, told.targets - 1), errors: told.errors });
    const frames = readFrames<S>(reader.frames);
    return { reader, frames, next: following(frames), told };
  }

  async #next(until: Deadline): Promise<Frame<S> | undefined> {
    const reading = await (this.#reading as Promise<Reading<S>>);
    const result = await until.race(reading.next);
    if (!result || result.done) return undefined;
    reading.next = following(reading.frames);
    return result.value;
  }
}

/** @returns undefined for what is no frame, as for a pipe that has ended. */
const following = <S>(frames: AsyncIterator<Frame<S>, void, undefined>) => frames.next().catch(() => undefined);

/** Finds the place in the lists behind which everything is new. */
class Behind {
  #last: Target | undefined;
  #targets: number;
  #errors: number;
  /** The lists have changed: nobody knows where that place would be. */
  strayed = false;

  /** @param atStart what had been told when the second reading began: the scanner may have told more since. */
  constructor(now: ToldSoFar, atStart: ToldSoFar) {
    this.#last = atStart.last;
    this.#targets = now.targets - atStart.targets;
    this.#errors = now.errors - atStart.errors;
  }

  get reached(): boolean {
    return this.#last === undefined && this.#targets <= 0 && !this.strayed;
  }

  isNew(target: Target): boolean {
    if (this.#last) {
      this.strayed = this.#last.origin !== target.origin || this.#last.input !== target.input;
      this.#last = undefined;
      return false;
    }
    this.#targets -= 1;
    return this.#targets < 0 && !this.strayed;
  }

  isNewError(): boolean {
    this.#errors -= 1;
    return this.#errors < 0;
  }
}
