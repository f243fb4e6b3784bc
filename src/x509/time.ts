/**
 * UTCTime and GeneralizedTime of a certificate's validity (RFC 5280 4.1.2.5).
 */
import { type DerCursor, TAG, type Tlv } from './der.ts';

/** What is readable, yet not as RFC 5280 4.1.2.5.1 and .2 want it (whole seconds, `Z`). */
export type TimeIrregularity = 'time-without-seconds' | 'time-with-offset' | 'time-with-fraction';

export interface CertificateTime {
  /** Milliseconds since the epoch; fractions of a second are dropped. */
  readonly ms: number;
  readonly irregularity?: TimeIrregularity;
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar; `Date.UTC` takes years 0–99 for 19xx. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : DAYS_IN_MONTH[month - 1]!;
}

/** Reads pairs of digits; NaN once something else is met, which every later comparison then refuses. */
class Digits {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  digitAt(at: number): number {
    const octet = at < this.#end ? this.#bytes[at]! : 0;
    return octet >= 0x30 && octet <= 0x39 ? octet - 0x30 : Number.NaN;
  }

  pair(): number {
    const value = this.digitAt(this.at) * 10 + this.digitAt(this.at + 1);
    this.at += 2;
    return value;
  }
}

/**
 * Tells `YYMMDDHHMMSSZ` (years 1950–2049) and `YYYYMMDDHHMMSSZ` apart by tag. Missing seconds, fractions and offsets from
 * UTC are read and named as irregularities, so that a date can be shown; path validation refuses them.
 * @returns null for no time, or one that no calendar has.
 */
export function readTime(cursor: DerCursor, tlv: Tlv): CertificateTime | null {
  const { bytes } = cursor;
  if (tlv.tag !== TAG.utcTime && tlv.tag !== TAG.generalizedTime) return null;
  if (tlv.end - tlv.body > 32) return null;
  const digits = new Digits(bytes, tlv.body, tlv.end);
  let year = digits.pair();
  if (tlv.tag === TAG.utcTime) year += year < 50 ? 2000 : 1900;
  else year = year * 100 + digits.pair();
  const month = digits.pair();
  const day = digits.pair();
  const hour = digits.pair();
  const minute = digits.pair();
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return null;
  if (!(year >= 0 && hour <= 23 && minute <= 59)) return null;

  let second = 0;
  let irregularity: TimeIrregularity | undefined;
  if (Number.isNaN(digits.digitAt(digits.at))) irregularity = 'time-without-seconds';
  else second = digits.pair();
  if (!(second <= 59)) return null;
  let at = digits.at;
  if (bytes[at] === 0x2e && at < tlv.end) {
    irregularity = 'time-with-fraction';
    const first = ++at;
    while (!Number.isNaN(digits.digitAt(at))) at++;
    if (at === first) return null;
  }
  const zone = readZone(digits, bytes, at, tlv.end);
  if (zone === null) return null;
  if (!zone.utc) irregularity = 'time-with-offset';
  const ms = (daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone.seconds) * 1000;
  return irregularity ? { ms, irregularity } : { ms };
}

/** `Z`, or `+HHMM` / `-HHMM`, and then nothing. */
function readZone(
  digits: Digits,
  bytes: Uint8Array,
  at: number,
  end: number,
): { utc: boolean; seconds: number } | null {
  if (at + 1 === end && bytes[at] === 0x5a) return { utc: true, seconds: 0 };
  if (at + 5 !== end || (bytes[at] !== 0x2b && bytes[at] !== 0x2d)) return null;
  digits.at = at + 1;
  const hours = digits.pair();
  const minutes = digits.pair();
  if (!(hours <= 14 && minutes <= 59)) return null;
  return { utc: false, seconds: (hours * 3600 + minutes * 60) * (bytes[at] === 0x2b ? 1 : -1) };
}
