/**
 * Is certwatch itself healthy? Judged from the run record and the lock, for `certwatch status`: pure, the clock is a
 * parameter.
 *
 * It speaks of certwatch and not of the certificates: a last run that found an expired certificate did its job, and its
 * result is shown without being a failure here. What is a failure: no run for too long, a run that is stuck, runs that die,
 * runs that could judge nothing.
 */
import type { Status } from '../model/finding.ts';
import type { Result } from '../model/result.ts';
import { HOUR, MINUTE } from '../time/duration.ts';
import type { HeldBy } from './lock.ts';
import type { RunRecord } from './run-record.ts';

/** A nightly run, and two hours for the night when it starts late or takes long. */
export const DEFAULT_MAX_AGE_MS = 26 * HOUR;

/** Clocks differ, and are set: so much into the future is none. */
const CLOCK_SLACK_MS = 5 * MINUTE;

/** A run may die once for reasons of the machine's; so many in a row have a reason of their own. */
const LOST_IS_CRITICAL = 3;

export interface HealthInput {
  readonly command: string;
  /** Undefined where there is none; the error is a sentence. */
  readonly record: Result<RunRecord | undefined, string>;
  /** Who holds the lock; the error is a sentence. */
  readonly lock: Result<HeldBy | undefined, string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Infinity: its age is shown, not judged. */
  readonly maxAgeMs: number;
}

/** One thing that is said; its sentence is made in `status-text.ts`. */
export type HealthFact =
  | { readonly kind: 'unreadable'; readonly sentence: string }
  | { readonly kind: 'no-record' }
  | { readonly kind: 'from-the-future'; readonly aheadMs: number }
  | { readonly kind: 'stuck'; readonly held: HeldBy }
  | { readonly kind: 'running'; readonly held: HeldBy }
  | { readonly kind: 'turned-away'; readonly runs: number }
  | { readonly kind: 'lost'; readonly runs: number; readonly startedAt: number }
  | { readonly kind: 'never-complete' }
  | { readonly kind: 'too-old'; readonly ageMs: number; readonly maxAgeMs: number }
  | { readonly kind: 'judged-nothing'; readonly targets: number; readonly runs: number }
  | { readonly kind: 'deadline-reached' }
  | { readonly kind: 'interrupted' };

export interface JudgedFact {
  readonly status: Status;
  readonly fact: HealthFact;
}

export interface Health {
  readonly command: string;
  readonly status: Status;
  /** Worst first. */
  readonly facts: readonly JudgedFact[];
  readonly record?: RunRecord;
  /** Milliseconds since the last complete run ended. */
  readonly ageMs?: number;
  readonly held?: HeldBy;
  readonly maxAgeMs: number;
}

const ORDER: readonly Status[] = ['critical', 'warning', 'unknown', 'ok'];

export function judgeHealth(input: HealthInput): Health {
  const { record, lock, now, command, maxAgeMs } = input;
  const facts: JudgedFact[] = [];
  const add = (status: Status, fact: HealthFact) => facts.push({ status, fact });
  if (!lock.ok) add('unknown', { kind: 'unreadable', sentence: lock.error });
  const held = lock.ok ? lock.value : undefined;
  if (held) judgeHeld(held, add);
  if (!record.ok) add('unknown', { kind: 'unreadable', sentence: record.error });
  else if (!record.value) add('unknown', { kind: 'no-record' });
  else judgeRecord(record.value, { held, lockKnown: lock.ok, now, maxAgeMs, add });
  facts.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const known = record.ok ? record.value : undefined;
  return {
    command,
    status: facts[0]?.status ?? 'ok',
    facts,
    maxAgeMs,
    ...(known ? { record: known } : {}),
    ...(known?.complete ? { ageMs: Math.max(0, now - known.complete.finishedAt) } : {}),
    ...(held ? { held } : {}),
  };
}

type Add = (status: Status, fact: HealthFact) => unknown;

function judgeHeld(held: HeldBy, add: Add): void {
  add(held.stuck ? 'critical' : 'ok', { kind: held.stuck ? 'stuck' : 'running', held });
  // A stuck one in the way has been said; a live one turns runs away where they are started too often.
  if (held.turnedAway > 0) add(held.stuck ? 'critical' : 'warning', { kind: 'turned-away', runs: held.turnedAway });
}

interface Sight {
  readonly held: HeldBy | undefined;
  readonly lockKnown: boolean;
  readonly now: number;
  readonly maxAgeMs: number;
  readonly add: Add;
}

function judgeRecord(record: RunRecord, { held, lockKnown, now, maxAgeMs, add }: Sight): void {
  const { complete, unfinished } = record;
  const newest = Math.max(complete?.finishedAt ?? 0, complete?.startedAt ?? 0, unfinished?.startedAt ?? 0);
  if (newest > now + CLOCK_SLACK_MS) {
    // Nothing in it can be compared with the clock: which of the two is wrong is not known either.
    add('unknown', { kind: 'from-the-future', aheadMs: newest - now });
    return;
  }
  // Whoever holds the lock now is the run that the record says is on.
  const lost = record.lostInARow + (unfinished && !held && lockKnown ? 1 : 0);
  if (lost > 0) {
    const startedAt = unfinished?.startedAt ?? complete?.startedAt ?? 0;
    add(lost >= LOST_IS_CRITICAL ? 'critical' : 'warning', { kind: 'lost', runs: lost, startedAt });
  }
  if (!complete) {
    add('unknown', { kind: 'never-complete' });
    const waitedMs = unfinished ? now - unfinished.startedAt : 0;
    if (waitedMs > maxAgeMs) add('critical', { kind: 'too-old', ageMs: waitedMs, maxAgeMs });
    return;
  }
  const ageMs = now - complete.finishedAt;
  if (ageMs > maxAgeMs) add('critical', { kind: 'too-old', ageMs, maxAgeMs });
  const { targets, unknown } = complete.summary;
  if (complete.exitStatus === 3 && targets === unknown) {
    add('warning', { kind: 'judged-nothing', targets, runs: record.unknownInARow });
  }
  if (complete.deadlineReached) add('warning', { kind: 'deadline-reached' });
  if (complete.interrupted) add('warning', { kind: 'interrupted' });
}
