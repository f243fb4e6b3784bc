/**
 * Verdict: findings and status of one target. Report: all verdicts and the run's status.
 */
import type { Finding, Status } from './finding.ts';
import type { Observation } from './observation.ts';
import type { InputError, Target } from './target.ts';

/** When a certificate should be renewed. Times are milliseconds since the epoch, durations whole seconds. */
export interface Window {
  readonly lifetimeSeconds: number;
  /** Until one second after notAfter; negative once expired. */
  readonly remainingSeconds: number;
  readonly renewAt: number;
  readonly warnAt: number;
  readonly criticalAt: number;
  /** One second after notAfter. */
  readonly expiresAt: number;
  /** `auto`, `custom` where a threshold was given, `ari` where the CA said (RFC 9773). */
  readonly source: 'auto' | 'custom' | 'ari';
}

export interface TrustJudgement {
  readonly trusted: boolean;
  /** Indices into the presented chain, leaf first; the best partial path where it is not trusted. */
  readonly path: readonly number[];
  /** The trust anchor's subject, RFC 4514 form; untrusted text where it was presented. */
  readonly anchor?: string;
}

/** What an element of a presented chain is to the best path. */
export type CertificateRole = 'leaf' | 'intermediate' | 'root' | 'extra' | 'duplicate' | 'malformed';

export interface Verdict {
  readonly target: Target;
  readonly status: Status;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** One, or one per address for all-address checks. Never empty. */
  readonly observations: readonly [Observation, ...Observation[]];
  /** Of the observation that decides (the worst); absent where no chain was seen or trust is not judged. */
  readonly trust?: TrustJudgement;
  /** Of the leaf; of a file of CA certificates, of the one that ends first. Absent where no chain was seen. */
  readonly window?: Window;
  /** The certificate that the window is of: of the observation that decides, and where it stands in its chain. */
  readonly about?: { readonly observation: number; readonly index: number };
  /** For each observation, in order, the role of each element of its chain. */
  readonly roles?: readonly (readonly CertificateRole[])[];
}

export interface Summary {
  readonly targets: number;
  readonly ok: number;
  readonly warning: number;
  readonly critical: number;
  readonly unknown: number;
}

export interface Run {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** The time that certificates were judged at: the start, or `--now`. */
  readonly judgedAt: number;
  readonly deadlineReached: boolean;
  /** Ended early by a signal. */
  readonly interrupted: boolean;
  /** Lines and arguments that are no target. */
  readonly errors: readonly InputError[];
  readonly version: string;
}

/** What is known once a run has ended; the verdicts themselves may have been streamed away. */
export interface Outcome {
  readonly status: Status;
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly run: Run;
  readonly summary: Summary;
}
