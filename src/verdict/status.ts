/**
 * Status: the worst of what was found, and the exit status that says it (the same for cron, Nagios and a person).
 */
import type { Finding, Severity, Status } from '../model/finding.ts';
import type { InputError } from '../model/target.ts';
import type { Outcome, Run, Summary } from '../model/verdict.ts';

/** CRITICAL > WARNING > UNKNOWN > OK. */
const WORST_FIRST: readonly Status[] = ['critical', 'warning', 'unknown', 'ok'];

const EXIT_CODES = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const satisfies Record<Status, number>;

/** The worst of them; OK of none at all, so the caller must know that there was something to judge. */
export function worstStatus(statuses: Iterable<Status>): Status {
  let worst: Status = 'ok';
  for (const status of statuses) if (statusRank(status) < statusRank(worst)) worst = status;
  return worst;
}

/** 0 for the worst status, 3 for OK: sorts worst first. */
export function statusRank(status: Status): number {
  return WORST_FIRST.indexOf(status);
}

/** Information alone never makes a target less than OK. */
export function severityStatus(severity: Severity): Status {
  return severity === 'info' ? 'ok' : severity;
}

export function statusOf(findings: readonly Finding[]): Status {
  return worstStatus(findings.map((finding) => severityStatus(finding.severity)));
}

/** The worst of several exit statuses, in the same order as that of what they stand for. */
export function worstExitCode(codes: readonly Outcome['exitCode'][]): Outcome['exitCode'] {
  return EXIT_CODES[WORST_FIRST.find((status) => codes.includes(EXIT_CODES[status])) ?? 'ok'];
}

export function exitCode(status: Status): Outcome['exitCode'] {
  return EXIT_CODES[status];
}

/** What the run comes to with what has gone wrong since. */
export function withErrors(outcome: Outcome, errors: readonly InputError[]): Outcome {
  if (errors.length === 0) return outcome;
  const { run } = outcome;
  const severities = errors.map(({ severity = 'unknown' }) => severityStatus(severity));
  const status = run.interrupted ? 'unknown' : worstStatus([outcome.status, ...severities]);
  return { ...outcome, run: { ...run, errors: [...run.errors, ...errors] }, status, exitCode: exitCode(status) };
}

/** Counts verdicts as they come, so that a streamed run keeps nothing else of them. */
export class Tally {
  #counts: Record<Status, number> = { ok: 0, warning: 0, critical: 0, unknown: 0 };

  add(status: Status): void {
    this.#counts[status]++;
  }

  get summary(): Summary {
    const { ok, warning, critical, unknown } = this.#counts;
    return { targets: ok + warning + critical + unknown, ok, warning, critical, unknown };
  }

  /**
   * The run's own status: the worst of all targets. Input that could not be read makes it UNKNOWN at best, and so does a run
   * that looked at nothing. A run that was interrupted is UNKNOWN whatever it had found: what it had not looked at may be worse.
   */
  outcome(run: Run): Outcome {
    const summary = this.summary;
    const statuses = WORST_FIRST.filter((status) => this.#counts[status] > 0);
    if (summary.targets === 0) statuses.push('unknown');
    for (const { severity = 'unknown' } of run.errors) statuses.push(severityStatus(severity));
    const status = run.interrupted ? 'unknown' : worstStatus(statuses);
    return { status, exitCode: exitCode(status), run, summary };
  }
}
