/**
 * How far a run is, in one line for a spinner. Pure: somebody else shows it.
 */
import { formatDuration, SECOND } from '../time/duration.ts';
import { formatCount } from './summary.ts';

export interface ProgressState {
  readonly done: number;
  /** How many of those are not OK. */
  readonly bad: number;
  readonly elapsedMs: number;
  /** Absent where the list is still being read. */
  readonly total?: number;
}

/** Before this an estimate is a guess. */
const ESTIMATE_AFTER_MS = 2 * SECOND;
const ESTIMATE_AFTER_TARGETS = 20;

/** `1,204 of 10,000 targets (12%), 3 not OK, about 2m 5s left` */
export function progressText({ done, bad, elapsedMs, total }: ProgressState): string {
  // A list may turn out longer than was thought.
  const of = total !== undefined && total >= done ? total : undefined;
  const parts = [
    of === undefined
      ? `${formatCount(done)} target${done === 1 ? '' : 's'} looked at`
      : `${formatCount(done)} of ${formatCount(of)} targets (${of === 0 ? 100 : Math.floor((100 * done) / of)}%)`,
  ];
  if (bad > 0) parts.push(`${formatCount(bad)} not OK`);
  const left = of === undefined ? undefined : timeLeft(done, of, elapsedMs);
  if (left !== undefined) parts.push(`about ${left} left`);
  return parts.join(', ');
}

function timeLeft(done: number, total: number, elapsedMs: number): string | undefined {
  if (done >= total || done < ESTIMATE_AFTER_TARGETS || elapsedMs < ESTIMATE_AFTER_MS) return undefined;
  const seconds = Math.ceil(((elapsedMs / done) * (total - done)) / SECOND);
  return formatDuration(seconds * SECOND);
}
