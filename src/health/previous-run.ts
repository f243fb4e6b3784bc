/**
 * What a run says that found the previous one in its way: a finding about certwatch itself, its sentence, and the exit
 * status that goes with it.
 */
import type { Severity } from '../model/finding.ts';
import { formatDuration } from '../time/duration.ts';
import { formatInstant } from '../verdict/instant.ts';
import type { HeldBy } from './lock.ts';
import { printable } from './printable.ts';

export interface PreviousRunFinding {
  readonly code: 'previous-run-stuck' | 'previous-run-running';
  readonly severity: Severity;
  readonly data: {
    readonly pid: number;
    readonly host: string;
    readonly ageSeconds: number;
    /** Its own deadline, ISO 8601 UTC; absent for none. */
    readonly deadline?: string;
    /** What it was doing. Text from a file: escape it. */
    readonly doing: string;
    /** How many runs in a row it has turned away, this one included. */
    readonly runsInARow: number;
  };
  /** One sentence, escaped. */
  readonly message: string;
  /** 2 for a stuck one, 3 for one that is still within its time. */
  readonly exitCode: 2 | 3;
}

export function describePreviousRun(held: HeldBy): PreviousRunFinding {
  const { owner, doing, ageMs, stuck, turnedAway } = held;
  const deadline = owner.deadlineMs === undefined ? {} : { deadline: formatInstant(owner.takenAt + owner.deadlineMs) };
  const data = {
    pid: owner.pid,
    host: owner.host,
    ageSeconds: Math.floor(ageMs / 1000),
    ...deadline,
    doing,
    runsInARow: turnedAway,
  };
  return {
    code: stuck ? 'previous-run-stuck' : 'previous-run-running',
    severity: stuck ? 'critical' : 'unknown',
    data,
    message: sentence(held),
    exitCode: stuck ? 2 : 3,
  };
}

function sentence({ owner, doing, ageMs, stuck, turnedAway, notEnded }: HeldBy): string {
  const who = `the previous run (process ${owner.pid} on ${printable(owner.host)}, started ${formatDuration(ageMs)} ago, at: ${printable(doing || owner.command)})`;
  const times = turnedAway > 1 ? ` It has turned away ${turnedAway} runs in a row.` : '';
  if (!stuck) return `${who} is still running and within its time, so this run did nothing.${times}`;
  const over = formatDuration(Math.max(0, ageMs - (owner.deadlineMs ?? 0)));
  const next = notEnded === undefined ? 'End it, or run with --end-stuck.' : `It could not be ended: ${notEnded}.`;
  return `${who} is stuck: ${over} past its own deadline and still there, so this run did nothing.${times} ${next}`;
}
