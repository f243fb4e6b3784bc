/**
 * Where an order is: every step is told before it begins, so that a journal knows where a killed run stood.
 */
import type { AcmeStep } from './job.ts';
import type { Work } from './work.ts';

/** A kind and reason to stop between steps: nothing may be begun after it. */
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
