/**
 * What a renewal is handed by whoever runs it: the clock, the processes, the eyes and the CA. Tests hand in their own.
 */
import type { Certificate } from '../model/certificate.ts';
import type { RenewalEvent, RenewalProblem, RenewalStep } from '../model/renewal.ts';
import type { Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import type { AcmeEvent, AcmeJob, AcmeResult } from './acme/job.ts';
import type { Kill } from './commands/kill.ts';
import type { SharedReloads } from './commands/shared-reloads.ts';
import type { Advice } from './plan/plan.ts';
import type { Authority } from './renewal.ts';
import type { Look } from './served/verify-served.ts';

export interface Tools {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The state directory. */
  readonly state: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly kill: Kill;
  readonly look: Look;
  /** `orderByAcme`, with what it needs to start its child. */
  readonly order: (job: AcmeJob, options: OrderCall) => Promise<AcmeResult>;
  /** Asks the CA when to renew (RFC 9773). Undefined: it says nothing; an error blocks nothing. */
  readonly advise?: (question: AdviceQuestion) => Promise<Result<Advice | undefined, RenewalProblem>>;
  readonly emit: (event: RenewalEvent) => void;
  /** Of one run; absent: each reloads by itself. */
  readonly reloads?: SharedReloads;
  /** A name for an attempt that no other has. */
  readonly attemptId: () => string;
  /** For tests that end this process at a step. */
  readonly checkpoint?: (step: RenewalStep, moment: 'before' | 'after') => Promise<void>;
}

export interface OrderCall {
  readonly deadline: Deadline;
  readonly onEvent: (event: AcmeEvent) => void;
}

export interface AdviceQuestion {
  readonly name: string;
  readonly authority: Authority;
  readonly certificate: Certificate;
  readonly deadline: Deadline;
}
