/**
 * The run record: what `certwatch status` answers from. Written whole at a run's start and at its end, so that a run that
 * never came to its end leaves the trace of its start. Each command has a record of its own: a renewal that works must not
 * hide a check that does not. Only the holder of the command's lock writes it.
 */
import type { Summary } from '../model/verdict.ts';

export type ExitStatus = 0 | 1 | 2 | 3;

export interface RunStart {
  readonly id: string;
  readonly command: string;
  readonly pid: number;
  /** Milliseconds since the epoch, like all times here. */
  readonly startedAt: number;
  readonly deadlineAt?: number;
  readonly version: string;
}

export interface RunEnd extends RunStart {
  readonly finishedAt: number;
  readonly exitStatus: ExitStatus;
  readonly summary: Summary;
  readonly deadlineReached: boolean;
  readonly interrupted: boolean;
}

export interface RunRecord {
  /** The run that is on, or that never came to its end; absent once it has. */
  readonly unfinished?: RunStart;
  /** The last run that came to its end. */
  readonly complete?: RunEnd;
  /** Runs in a row that never came to their end, before `unfinished`. */
  readonly lostInARow: number;
  /** Runs in a row, up to `complete`, that ended UNKNOWN. */
  readonly unknownInARow: number;
  /** Runs turned away by the lock, between the run before the last one that started and that one. */
  readonly turnedAway: number;
}

export const EMPTY_RECORD: RunRecord = { lostInARow: 0, unknownInARow: 0, turnedAway: 0 };

/**
 * The record of a run that is on.
 * @param turnedAway what the lock counted for the holder before.
 */
export function recordStart(before: RunRecord, run: RunStart, turnedAway: number): RunRecord {
  return {
    ...before,
    unfinished: run,
    lostInARow: before.unfinished ? before.lostInARow + 1 : before.lostInARow,
    turnedAway,
  };
}

/** The record of a run that came to its end, whatever its exit status. */
export function recordEnd(before: RunRecord, end: RunEnd): RunRecord {
  const { unfinished: _, ...rest } = before;
  return {
    ...rest,
    complete: end,
    lostInARow: 0,
    unknownInARow: end.exitStatus === 3 ? before.unknownInARow + 1 : 0,
  };
}
