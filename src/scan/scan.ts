/**
 * The run: takes targets from a stream, looks at a bounded number of them at a time, and hands verdicts on in input
 * order as they become known. Memory does not grow with the list: nothing is read far ahead of what was handed on.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { Result } from '../model/result.ts';
import type { InputError, Target } from '../model/target.ts';
import type { Verdict } from '../model/verdict.ts';
import { Deadline } from '../time/deadline.ts';
import { internalErrorVerdict } from '../verdict/failed-verdicts.ts';
import { Turnstile } from './turnstile.ts';

export interface ScanOptions {
  readonly targets: AsyncIterable<Result<Target, InputError>>;
  readonly concurrency: number;
  /** Of the whole run. When it comes, what has not been looked at is reported as timed out, and the scan returns. */
  readonly deadline: Deadline;
  /** Looks and judges. Must come back by the deadline that it is given. */
  readonly look: (target: Target, deadline: Deadline) => Promise<Verdict>;
  /** A verdict for a target whose turn never came. */
  readonly notLooked: (target: Target) => Verdict;
  /** A target has been taken from the stream. */
  readonly onTarget?: (target: Target) => void;
  /** Every target has been taken from the stream, or it was said that not all could be. */
  readonly onAllTaken?: () => void;
  /** In input order; while it is pending (a slow pipe) no further target is started. */
  readonly onVerdict: (verdict: Verdict) => void | Promise<void>;
  readonly onInputError: (error: InputError) => void;
}

/**
 * How far the list is read ahead of the verdict that is due next: far enough that a stuck target at the head of the line
 * holds nobody up for the length of its timeout.
 */
const READ_AHEAD = 8_192;

/** So long before the deadline, what is left of the list is read ahead, too: it has to be named when the deadline comes. */
const LOOK_OUT_MS = 2_000;

/** After the deadline, how long the rest of the list may take to be read (and reported as not looked at). */
const DRAIN_MS = 450;

/** @returns when every target has its verdict and each was handed on. */
export async function scan(options: ScanOptions): Promise<void> {
  const limit = pLimit(options.concurrency);
  const turnstile = new Turnstile(options.onVerdict, READ_AHEAD);
  const queue = new Queue(limit, options.deadline);
  const drained = Deadline.shortlyAfter(options.deadline, DRAIN_MS);
  const source = options.targets[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await drained.race(source.next());
      if (next === undefined) {
        options.onInputError({
          origin: 'run',
          code: 'list-cut-short',
          message:
            'the deadline came before the list of targets had been read to its end; what follows was not scanned',
        });
        break;
      }
      if (next.done) break;
      if (!next.value.ok) options.onInputError(next.value.error);
      else {
        const target = next.value.value;
        options.onTarget?.(target);
        // Once the deadline has come there is only to be said that it has, for what may be many.
        turnstile.enter(
          options.deadline.expired ? options.notLooked(target) : queue.add(() => lookSafely(target, options)),
        );
        await turnstile.room();
        await queue.room();
      }
    }
    options.onAllTaken?.();
    await turnstile.empty();
  } finally {
    drained.release();
    queue.release();
    // A list that is stuck (a pipe that nobody writes to) is left where it is; nothing waits for it.
    void source.return?.(undefined);
  }
}

/** Targets that have been read and wait for their turn: a few are enough to keep all places taken. */
class Queue {
  readonly #limit: LimitFunction;
  readonly #lookOut: Deadline;
  #begun = () => {};

  constructor(limit: LimitFunction, deadline: Deadline) {
    this.#limit = limit;
    this.#lookOut = Deadline.after(deadline.remainingMs - LOOK_OUT_MS, deadline);
  }

  add<T>(work: () => Promise<T>): Promise<T> {
    return this.#limit(() => {
      this.#begun();
      return work();
    });
  }

  /** Resolves once one more may wait, or the deadline is near. */
  async room(): Promise<void> {
    while (this.#limit.pendingCount >= this.#limit.concurrency && !this.#lookOut.expired) {
      await this.#lookOut.race(
        new Promise<void>((resolve) => {
          this.#begun = resolve;
        }),
      );
    }
  }

  release(): void {
    this.#lookOut.release();
  }
}

async function lookSafely(target: Target, options: ScanOptions): Promise<Verdict> {
  if (options.deadline.expired) return options.notLooked(target);
  const deadline = Deadline.after(target.settings.timeoutMs, options.deadline);
  try {
    return await options.look(target, deadline);
  } catch (bug) {
    return internalErrorVerdict(target, bug);
  } finally {
    deadline.release();
  }
}
