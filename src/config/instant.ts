/**
 * Moments as people write them, for `--now`: `2026-11-24`, `2026-11-24T08:00Z`, `2026-11-24 08:00:30+01:00`, `@1795507200`, `1795507200`.
 */
import { err, ok, type Result } from '../model/result.ts';
import { quote } from '../targets/nearest.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i;
/** The last second of the year 9999 (RFC 5280 4.1.2.5 knows none later). */
const LATEST = 253_402_300_799;

/** @returns milliseconds since the epoch, whole seconds. Without a zone it is UTC. */
export function parseInstant(text: string): Result<number, string> {
  const word = text.trim();
  const problem = `expected a time such as 2026-11-24, 2026-11-24T08:00Z or @1795507200, got ${quote(text)}`;
  // A bare number of nine digits and more is no date that anybody writes.
  if (/^(?:@\d{1,12}|\d{9,12})$/.test(word)) {
    const seconds = Number(word.replace('@', ''));
    return seconds <= LATEST ? ok(seconds * 1_000) : err(problem);
  }
  const parts = ISO.exec(word);
  if (!parts) return err(problem);
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // Date carries 30 February over into March: what comes out has to be what went in.
  const whole = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
  if (whole.join() !== [year, month, day, hour, minute].join() || second > 59) return err(problem);
  return ok(date.getTime() - zoneMs(parts[7]));
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000;
}
