/**
 * Durations as people write them: `30d`, `12h`, `90m`, `10s`, `1d12h`, `250ms`. Milliseconds inside.
 */
import { err, ok, type Result } from '../model/result.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };
const WHOLE = /^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|[smhdw]))+$/;
const PART = /(\d{1,9}(?:\.\d{1,3})?)(ms|[smhdw])/g;

/** A century: beyond it a number is a slip, and sums stay safe integers. */
const LONGEST = 36_525 * DAY;

/** @returns milliseconds, whole and not negative; the error says what was found and what is expected. */
export function parseDuration(text: string): Result<number, string> {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '0') return ok(0);
  if (!WHOLE.test(trimmed)) {
    const hint = /^\d+(\.\d+)?$/.test(trimmed) ? ` (a bare number has no unit: "${trimmed}d" or "${trimmed}s"?)` : '';
    return err(`expected a duration such as 30d, 12h, 90m, 10s or 1d12h, got ${JSON.stringify(text)}${hint}`);
  }
  let total = 0;
  for (const [, number, unit] of trimmed.matchAll(PART)) total += Number(number) * UNITS[unit as string]!;
  total = Math.round(total);
  if (total > LONGEST) return err(`expected a duration of at most 100 years, got ${JSON.stringify(text)}`);
  return ok(total);
}

/** The two largest units that matter, for people: `2d 4h`, `59m 3s`, `12s`, `850ms`. Rounds down, never up. */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  let left = Math.floor(Math.abs(ms));
  if (left < SECOND) return `${sign}${left}ms`;
  const parts: string[] = [];
  for (const [unit, size] of [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
    ['s', SECOND],
  ] as const) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0) parts.push(`${n}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return sign + parts.join(' ');
}
