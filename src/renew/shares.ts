/**
 * How the time of one renewal is shared out. The order may use nearly all of it: before anything is installed there is nothing
 * to undo, and what is issued too late is installed by the next run. From the installation on, a share is kept for the way back.
 */
import { Deadline } from '../time/deadline.ts';
import { formatDuration } from '../time/duration.ts';

/** What is left after an order that used up all of its time: enough to write that down. */
const AFTER_ORDER_SHARE = 0.05;
const AFTER_ORDER_MOST_MS = 1_000;

/** An existing client installs by itself: reload and proof, and the way back, come after it whatever it does. */
const AFTER_CLIENT_SHARE = 0.3;
const AFTER_CLIENT_MOST_MS = 90_000;

/** The way back has a share of what is left, within these bounds. */
const BACK_SHARE = 0.3;
const BACK_MS = { least: 2_000, most: 60_000 } as const;

/** With less than this nothing is installed; where there never was much time, with less than this share of it. */
const PLACE_LEAST_MS = 10_000;
const PLACE_LEAST_SHARE = 0.3;

/** For the order, and the pre-hook before it. */
export function forOrder(deadline: Deadline, by: 'acme' | 'command'): Deadline {
  const all = deadline.remainingMs;
  const kept =
    by === 'acme'
      ? Math.min(all * AFTER_ORDER_SHARE, AFTER_ORDER_MOST_MS)
      : Math.min(all * AFTER_CLIENT_SHARE, AFTER_CLIENT_MOST_MS);
  return Deadline.after(all - kept, deadline);
}

/** For all that goes forward once the new set is in place. */
export function forward(deadline: Deadline): Deadline {
  const all = deadline.remainingMs;
  const back = Math.min(Math.max(all * BACK_SHARE, BACK_MS.least), BACK_MS.most, all / 2);
  return Deadline.after(all - back, deadline);
}

/** @param allMs what there was at the beginning. */
export const enoughToInstall = ({ remainingMs }: Deadline, allMs: number): boolean =>
  remainingMs >= Math.min(PLACE_LEAST_MS, allMs * PLACE_LEAST_SHARE);

/** What a renewal's time is bounded by. */
export interface Limit {
  readonly by: 'timeout' | 'deadline';
  readonly ms: number;
}

/** Of a certificate with this limit of its own that begins now. */
export const limitOf = (timeoutMs: number, ofRun: Deadline): Limit =>
  ofRun.remainingMs < timeoutMs ? { by: 'deadline', ms: ofRun.remainingMs } : { by: 'timeout', ms: timeoutMs };

export function sayLimit({ by, ms }: Limit): string {
  const time = formatDuration(Math.round(ms / 100) * 100);
  return by === 'deadline' ? `the run's --deadline, which left ${time} for it` : `the certificate's timeout of ${time}`;
}
