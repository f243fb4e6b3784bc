/**
 * What a journal tells: its attempts, what the last one left unfinished, and how many have failed in a row. Pure.
 */
import type { RenewalKind, RenewalProblem, RenewalStep } from '../../model/renewal.ts';
import type { JournalEntry } from './entry.ts';

export interface Attempt {
  readonly id: string;
  readonly startedAt: number;
  /** Of its last line. */
  readonly heardAt: number;
  readonly by?: 'acme' | 'command';
  readonly reasons: readonly string[];
  readonly domains: readonly string[];
  readonly authority?: string;
  /** The last step that was begun. */
  readonly step?: RenewalStep;
  readonly stepDone: boolean;
  readonly switched?: Switched;
  readonly outcome?: RenewalKind;
  readonly problem?: RenewalProblem;
  /** Of what was rolled back, where the end tells. */
  readonly restored?: boolean;
  /** Of what is in place, where the end tells. */
  readonly sha256?: string;
  readonly entries: readonly JournalEntry[];
}

/** What was, or was about to be, put in the place of what. */
export interface Switched {
  /** Versions; absent where a command did it in its own way. */
  readonly from?: number;
  readonly to?: number;
  readonly sha256: string;
  readonly before?: string;
}

export interface Failure {
  readonly at: number;
  readonly by?: 'acme' | 'command';
  /** The step that it failed in, or was killed in. */
  readonly step?: RenewalStep;
  readonly authority?: string;
  readonly problem?: RenewalProblem;
}

export interface History {
  readonly last?: Attempt;
  /** In a row, since the last success; oldest first. */
  readonly failures: readonly Failure[];
  /** Of the last success: the names that were asked for. */
  readonly renewedFor?: readonly string[];
  /** Installed by the last attempt, and neither seen served nor put back; whether it is in place, the disk must tell. */
  readonly unproven?: Switched & { readonly since: number };
  /** In place after the last attempt, and seen to be served wherever anything answered. */
  readonly partly?: { readonly sha256: string; readonly since: number };
}

/** What was asked for is in use, as far as can be seen. */
export const SUCCESS: ReadonlySet<RenewalKind> = new Set<RenewalKind>(['renewed', 'resumed', 'partly-served']);
const UNPROVEN: ReadonlySet<RenewalKind> = new Set<RenewalKind>(['not-served']);

export function attemptsOf(entries: readonly JournalEntry[]): Attempt[] {
  const byId = new Map<string, JournalEntry[]>();
  for (const entry of entries) {
    const own = byId.get(entry.attempt);
    if (own) own.push(entry);
    else byId.set(entry.attempt, [entry]);
  }
  return [...byId].map(([id, own]) => attemptOf(id, own));
}

function attemptOf(id: string, entries: readonly JournalEntry[]): Attempt {
  let attempt: Attempt = {
    id,
    startedAt: entries[0]?.at ?? 0,
    heardAt: entries.at(-1)?.at ?? 0,
    reasons: [],
    domains: [],
    stepDone: false,
    entries,
  };
  for (const entry of entries) {
    switch (entry.kind) {
      case 'begin': {
        const { by, reasons, domains, authority } = entry;
        attempt = { ...attempt, by, reasons, domains, ...(authority === undefined ? {} : { authority }) };
        break;
      }
      case 'step':
        attempt = { ...attempt, step: entry.step, stepDone: entry.done };
        break;
      case 'switch':
      case 'changed': {
        const { kind: _kind, attempt: _attempt, at: _at, ...switched } = entry;
        attempt = { ...attempt, switched };
        break;
      }
      case 'end': {
        const { outcome, step, problem, sha256, restored } = entry;
        attempt = {
          ...attempt,
          outcome,
          // The step that it failed in, whatever came after it.
          ...(step ? { step, stepDone: false } : {}),
          ...(problem ? { problem } : {}),
          ...(restored === undefined ? {} : { restored }),
          ...(sha256 === undefined ? {} : { sha256 }),
        };
        break;
      }
      case 'detail':
        break;
    }
  }
  return attempt;
}

export function historyOf(entries: readonly JournalEntry[]): History {
  const attempts = attemptsOf(entries);
  const last = attempts.at(-1);
  const success = attempts.findLast(({ outcome }) => outcome !== undefined && SUCCESS.has(outcome));
  const since = attempts.slice(success ? attempts.indexOf(success) + 1 : 0);
  const open = last?.outcome === undefined || UNPROVEN.has(last.outcome) ? last : undefined;
  const partly = last?.outcome === 'partly-served' ? last : undefined;
  return {
    ...(last ? { last } : {}),
    failures: failuresOf(since),
    ...(success ? { renewedFor: success.domains } : {}),
    ...(open?.switched ? { unproven: { ...open.switched, since: open.startedAt } } : {}),
    ...(partly?.sha256 ? { partly: { sha256: partly.sha256, since: partly.startedAt } } : {}),
  };
}

/**
 * A run that was killed is no failure, so that the next one goes on at once; killed again and again, it is. One that was
 * only asked for says nothing of the runs to come.
 */
function failuresOf(attempts: readonly Attempt[]): Failure[] {
  return attempts.flatMap((attempt, i) => {
    const { outcome, reasons, heardAt: at, by, step, authority, problem } = attempt;
    const first = i === 0 || attempts[i - 1]?.outcome !== undefined;
    if (outcome === undefined && (first || reasons.includes('forced'))) return [];
    return [
      {
        at,
        ...(by === undefined ? {} : { by }),
        ...(step === undefined ? {} : { step }),
        ...(authority === undefined ? {} : { authority }),
        ...(problem ? { problem } : {}),
      },
    ];
  });
}

/** Attempts that are kept when the journal is cut. */
const KEPT = 20;

export function entriesToKeep(attempts: readonly Attempt[]): readonly JournalEntry[] {
  const recent = attempts.slice(-KEPT);
  const success = attempts.findLast(({ outcome }) => outcome !== undefined && SUCCESS.has(outcome));
  const kept = success && !recent.includes(success) ? [success, ...recent] : recent;
  return kept.flatMap(({ entries }) => entries.filter(({ kind }) => kind !== 'detail'));
}
