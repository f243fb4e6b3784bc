/**
 * What is known of a run so far: counts, errors of input, how it is going; and what it comes to.
 */
import type { Status } from '../../model/finding.ts';
import type { InputError } from '../../model/target.ts';
import type { Outcome } from '../../model/verdict.ts';
import { Tally } from '../../verdict/status.ts';
import type { Io } from '../io.ts';
import { Progress } from './progress.ts';

export interface RunStateOptions {
  readonly io: Io;
  /** Milliseconds since the epoch; absent: now. */
  readonly startedAt?: number | undefined;
  /** Milliseconds since the epoch; absent: the start of the run. */
  readonly judgedAt?: number | undefined;
  readonly progress: boolean;
  readonly total?: number | undefined;
  readonly onInputError?: ((error: InputError) => void) | undefined;
}

/** How many errors of input a report lists; a list of another format would fill it with thousands. Those of the run are few. */
const MOST_ERRORS_KEPT = 100;

export class RunState {
  interrupted = false;
  deadlineReached = false;
  readonly judgedAt: number;
  readonly progress: Progress;
  readonly #options: RunStateOptions;
  readonly #startedAt: number;
  readonly #tally = new Tally();
  readonly #errors: InputError[] = [];

  constructor(options: RunStateOptions) {
    const { io, startedAt = io.now(), judgedAt = startedAt, progress, total } = options;
    this.#options = options;
    this.#startedAt = startedAt;
    this.judgedAt = judgedAt;
    this.progress = new Progress({
      stderr: progress ? io.stderr : { ...io.stderr, isTTY: false },
      now: () => io.now(),
      ...(total === undefined ? {} : { total }),
    });
  }

  count(status: Status): void {
    this.#tally.add(status);
    this.progress.count(status !== 'ok');
  }

  inputError(error: InputError): void {
    if (error.code !== undefined || this.#errors.length < MOST_ERRORS_KEPT) this.#errors.push(error);
    this.#options.onInputError?.(error);
  }

  /** The time is over, or somebody wants an end. */
  giveUp(): void {
    this.deadlineReached = !this.interrupted;
    this.progress.stop();
  }

  /** Another run has the lock: this one looks at nothing. */
  get turnedAway(): boolean {
    return this.#errors.some(isTurnedAway);
  }

  get outputErrors(): readonly InputError[] {
    return this.#errors.filter(({ code }) => code === 'output-failed');
  }

  outcome(): Outcome {
    const { io } = this.#options;
    return this.#tally.outcome({
      startedAt: this.#startedAt,
      finishedAt: io.now(),
      judgedAt: this.judgedAt,
      deadlineReached: this.deadlineReached,
      interrupted: this.interrupted,
      errors: [...this.#errors],
      version: io.version,
    });
  }
}

/** Another run has the lock. */
export const isTurnedAway = ({ code }: InputError): boolean =>
  code === 'previous-run-running' || code === 'previous-run-stuck';
