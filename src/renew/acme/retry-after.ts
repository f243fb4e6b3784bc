/**
 * Retry-After (RFC 9110 10.2.3): seconds or a date. Pure.
 */

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
