/**
 * Tries again what may pass by itself: a few times, with growing pauses, at the CA's own pace where it names one, and
 * never past the deadline. A Retry-After that does not fit is not slept: it is handed on as `notBefore`.
 */
import type { Result } from '../../model/result.ts';
import type { Deadline } from '../../time/deadline.ts';
import type { Trouble } from './failure.ts';

const MOST_RETRIES = 3;
const FIRST_PAUSE_MS = 300;

/** Time that a further try needs to be worth the wait. */
const ROOM_MS = 1_000;

/** Whatever the deadline: a wait this long is the next run's matter. */
const LONGEST_PAUSE_MS = 600_000;

/** What may pass by itself. */
export const PASSING: ReadonlySet<string> = new Set([
  'connect-failed',
  'connection-lost',
  'request-timeout',
  'server-error',
  'acme-server-internal',
]);

export interface RetryContext {
  readonly deadline: Deadline;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export async function retrying<T>(
  context: RetryContext,
  work: () => Promise<Result<T, Trouble>>,
): Promise<Result<T, Trouble>> {
  for (let tried = 0; ; tried += 1) {
    const result = await work();
    if (result.ok) return result;
    const failure = dated(result.error, context.now());
    const { retryAfterMs } = failure;
    const again = PASSING.has(failure.reason) || (failure.reason === 'acme-rate-limited' && retryAfterMs !== undefined);
    const pause = retryAfterMs ?? FIRST_PAUSE_MS * 2 ** tried;
    const fits = pause <= LONGEST_PAUSE_MS && pause + ROOM_MS <= context.deadline.remainingMs;
    if (!again || tried === MOST_RETRIES || !fits) {
      return { ok: false, error: failure };
    }
    await sleep(pause, context.deadline);
  }
}

/** A failure with Retry-After also says the moment: the wait is then not counted from when somebody reads it. */
function dated(failure: Trouble, now: number): Trouble {
  return failure.retryAfterMs === undefined ? failure : { ...failure, notBefore: now + failure.retryAfterMs };
}

/** @returns false when the deadline came first. */
export function sleep(ms: number, deadline: Deadline): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget();
      resolve(true);
    }, ms);
    const forget = deadline.onExpire(() => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
