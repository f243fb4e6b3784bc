/**
 * What every step of one order is handed: the job, its two deadlines, the clock, and the way to tell how far it is.
 */
import type { Deadline } from '../../time/deadline.ts';
import type { AcmeEvent, AcmeJob, AcmeWarning } from './job.ts';

/** Signals a process, or with a negative number its group; as `process.kill`. */
export type Kill = (pid: number, signal: NodeJS.Signals | 0) => unknown;

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
