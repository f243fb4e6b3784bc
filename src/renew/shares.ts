/**
 * How the time of one renewal is shared out: for the order, for all that goes forward, for the way back.
 */
import { Deadline } from '../time/deadline.ts';

/** The way back has a share of the time, within these bounds. */
const BACK_SHARE = 0.2;
const BACK_MS = { least: 2_000, most: 60_000 } as const;

/** Install, reload and proof have a share of the way forward. */
const PLACE_SHARE = 0.3;
const PLACE_MOST_MS = 90_000;

export interface Shares {
  readonly ordering: Deadline;
  /** The order and all behind it, up to the proof. What is left then is for the way back. */
  readonly forward: Deadline;
  release(): void;
}

export function shareOut(deadline: Deadline): Shares {
  const all = deadline.remainingMs;
  const back = Math.min(Math.max(all * BACK_SHARE, BACK_MS.least), BACK_MS.most, all / 2);
  const forwardMs = all - back;
  const ordering = Deadline.after(forwardMs - Math.min(forwardMs * PLACE_SHARE, PLACE_MOST_MS), deadline);
  const forward = Deadline.after(forwardMs, deadline);
  return {
    ordering,
    forward,
    release() {
      ordering.release();
      forward.release();
    },
  };
}
