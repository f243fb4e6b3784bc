/**
 * Thresholds as people write them: `30d` (a time before the end), `33%` (a share of the certificate's own lifetime),
 * `auto` (the built-in rule, which needs no configuration for any lifetime).
 */
import { err, ok, type Result } from '../model/result.ts';
import type { Threshold } from '../model/target.ts';
import { DAY, HOUR, MINUTE, parseDuration, SECOND } from '../time/duration.ts';
import { quote } from './nearest.ts';

export const AUTO: Threshold = Object.freeze({ kind: 'auto' });

const SHARE = /^(\d{1,3}(?:\.\d{1,4})?)\s?%$/;

/**
 * @param bareNumber what a number without a unit means: the plug-in's `-w 30` is days, everywhere else it is refused.
 * @returns the threshold; the error says what was found and what is expected.
 */
export function parseThreshold(text: string, { bareNumber }: { bareNumber?: 'days' } = {}): Result<Threshold, string> {
  const word = text.trim().toLowerCase();
  if (word === 'auto') return ok(AUTO);
  const share = SHARE.exec(word);
  if (share) {
    const percent = Number(share[1]);
    if (percent > 0 && percent < 100) return ok({ kind: 'share', fraction: percent / 100 });
    return err(`expected a share of the lifetime above 0% and below 100%, got ${quote(text)}`);
  }
  const days = bareNumber === 'days' && /^\d{1,9}(\.\d{1,3})?$/.test(word);
  const duration = parseDuration(days ? `${word}d` : word);
  if (duration.ok) return ok({ kind: 'duration', ms: duration.value });
  const why = / at most | bare number /.exec(duration.error) ? ` (${duration.error.replace(/^.*\(|\)$/g, '')})` : '';
  return err(`expected a duration (21d, 12h), a share of the lifetime (33%) or auto, got ${quote(text)}${why}`);
}

/** Text that `parseThreshold` reads back as the same threshold. */
export function formatThreshold(threshold: Threshold): string {
  switch (threshold.kind) {
    case 'auto':
      return 'auto';
    case 'duration':
      return exactDuration(threshold.ms);
    case 'share':
      return `${Number((threshold.fraction * 100).toPrecision(10))}%`;
  }
}

/** A duration with nothing rounded away: `1d12h`, `1500ms` as `1s500ms`; reads back as the same milliseconds. */
export function exactDuration(ms: number): string {
  let left = ms;
  let text = '';
  for (const [unit, size] of [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
    ['s', SECOND],
    ['ms', 1],
  ] as const) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0) text += `${n}${unit}`;
  }
  return text || '0s';
}
