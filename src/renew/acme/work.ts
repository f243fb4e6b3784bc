/**
 * What every step of one order is handed: the job, its two deadlines, the clock; and where the order is: every step is told
 * before it begins, so that a journal knows where a killed run stood.
 */
import type { Deadline } from '../../time/deadline.ts';
import type { Kill } from '../commands/kill.ts';
import type { AcmeEvent, AcmeJob, AcmeStep, AcmeWarning } from './job.ts';

/** What running a hook and taking its traces back need. */
export interface Surroundings {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly kill: Kill;
  readonly emit: (event: AcmeEvent) => void;
}

export interface Work extends Surroundings {
  readonly job: AcmeJob;
  /** Nothing of the order itself is waited for beyond this. */
  readonly deadline: Deadline;
  /** Later than `deadline`: the time between the two is for clean-up. */
  readonly life: Deadline;
  readonly warn: (warning: AcmeWarning) => void;
}

export class StepLog {
  readonly #work: Work;
  #at: AcmeStep = 'prepare';

  constructor(work: Work) {
    this.#work = work;
  }

  get at(): AcmeStep {
    return this.#at;
  }

  async enter(step: AcmeStep): Promise<void> {
    const { job, emit, now, deadline } = this.#work;
    this.#at = step;
    emit({ kind: 'step', step, at: now() });
    if (job.pauseAt?.step !== step) return;
    emit({ kind: 'paused', step, at: now() });
    if (job.pauseAt.how === 'wait') {
      await new Promise<void>((resolve) => {
        // Keeps the process alive, as a real wait would.
        const timer = setInterval(() => {}, 60_000);
        deadline.onExpire(() => {
          clearInterval(timer);
          resolve();
        });
      });
    } else {
      // Lets the event leave, then stands still as a bug would: no timer, no signal handler runs any more.
      await new Promise((resolve) => setTimeout(resolve, 50));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
  }
}
