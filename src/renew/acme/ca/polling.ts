/**
 * Looks at an object again until it is what is waited for, at the CA's pace, and never past the deadline.
 */
import { err, type Result } from '../../../model/result.ts';
import { pause } from '../../../time/pause.ts';
import type { Trouble } from '../failure.ts';
import type { Work } from '../work.ts';
import type { Polled } from './client.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** A CA that says "0" or a tenth of a second would be hammered. */
const SHORTEST_PAUSE_MS = 200;

export interface PollOptions<T> {
  readonly look: () => Promise<Result<Polled<T>, Trouble>>;
  readonly isDone: (value: T) => boolean;
  /** What to say when the time is over. */
  readonly stuck: (value: T | undefined) => Trouble;
  /** Known already, from the answer before. */
  readonly first?: Polled<T>;
}

export async function poll<T>(work: Work, options: PollOptions<T>): Promise<Result<T, Trouble>> {
  let seen = options.first;
  for (let own = FIRST_PAUSE_MS; ; own = Math.min(1.5 * own, LONGEST_PAUSE_MS)) {
    if (seen && options.isDone(seen.value)) return { ok: true, value: seen.value };
    if (seen) {
      const wish = seen.retryAfterMs;
      const wait = wish === undefined ? own : Math.max(wish, SHORTEST_PAUSE_MS);
      if (wish !== undefined && wish > work.deadline.remainingMs) {
        return err({ ...options.stuck(seen.value), retryAfterMs: wish, notBefore: work.now() + wish });
      }
      await pause(wait, work.deadline);
      if (work.deadline.expired) return err(options.stuck(seen.value));
    }
    const looked = await options.look();
    if (!looked.ok) return looked.error.reason === 'timeout' ? err(options.stuck(seen?.value)) : looked;
    seen = looked.value;
  }
}
