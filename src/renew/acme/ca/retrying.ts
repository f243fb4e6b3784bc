/**
 * Tries again what may pass by itself: a few times, with growing pauses, at the CA's own pace where it names one, and
 * never past the deadline. A Retry-After (RFC 9110 10.2.3) that does not fit is not slept: it is handed on as `notBefore`.
 */
import type { Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import { pause } from '../../../time/pause.ts';
import type { Trouble } from '../failure.ts';

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

interface RetryContext {
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
    const wait = retryAfterMs ?? FIRST_PAUSE_MS * 2 ** tried;
    const fits = wait <= LONGEST_PAUSE_MS && wait + ROOM_MS <= context.deadline.remainingMs;
    if (!again || tried === MOST_RETRIES || !fits) return { ok: false, error: failure };
    await pause(wait, context.deadline);
  }
}

/** A failure with Retry-After also says the moment: the wait is then not counted from when somebody reads it. */
function dated(failure: Trouble, now: number): Trouble {
  return failure.retryAfterMs === undefined ? failure : { ...failure, notBefore: now + failure.retryAfterMs };
}

/** A year: nobody means more, and what is beyond would overflow timers and dates. */
const LONGEST_MS = 365 * 86_400_000;

/**
 * @param now milliseconds since the epoch, for the date form.
 * @returns milliseconds from now, at least 0 and at most a year; undefined where the header is absent or neither form.
 */
export function parseRetryAfter(header: string | readonly string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? (header[0] ?? '') : ((header as string | undefined) ?? '')).trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  // An HTTP-date always starts with the day's name; Date.parse alone would take "-5" or "2001" as well.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), LONGEST_MS);
}
