/**
 * The window: when renewal opens, is overdue and critical, by a certificate's own lifetime.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Threshold } from '../../src/model/target.ts';
import { DAY, HOUR, MINUTE } from '../../src/time/duration.ts';
import { formatInstant } from '../../src/verdict/instant.ts';
import {
  computeWindow,
  expiresAt,
  formatNotice,
  lifetimeSeconds,
  type WindowPolicy,
} from '../../src/verdict/window.ts';

const NOW = Date.UTC(2026, 10, 24, 8, 0, 0);
const AUTO: Threshold = { kind: 'auto' };
const policy = (over: Partial<WindowPolicy> = {}): WindowPolicy => ({
  warning: AUTO,
  critical: AUTO,
  graceMs: 0,
  ...over,
});
const duration = (ms: number): Threshold => ({ kind: 'duration', ms });
const share = (fraction: number): Threshold => ({ kind: 'share', fraction });

/** Lives exactly `ms`, notAfter's second included. */
const living = (ms: number, notBefore = NOW) => ({ notBefore, notAfter: notBefore + ms - 1_000 });

/** How long before expiry each moment lies. */
function notices(lifetimeMs: number, over: Partial<WindowPolicy> = {}) {
  const validity = living(lifetimeMs);
  const { renewAt, warnAt, criticalAt, source } = computeWindow(validity, NOW, policy(over));
  const before = (moment: number) => expiresAt(validity) - moment;
  return { renew: before(renewAt), warn: before(warnAt), critical: before(criticalAt), source };
}

describe('auto thresholds need no configuration', () => {
  test.each([
    ['398 days', 398 * DAY, 30 * DAY, 30 * DAY, 7 * DAY],
    ['200 days', 200 * DAY, 30 * DAY, 30 * DAY, 7 * DAY],
    ['90 days', 90 * DAY, 30 * DAY, 27 * DAY, 7 * DAY],
    ['64 days', 64 * DAY, (64 * DAY) / 3, 0.3 * 64 * DAY, 6.4 * DAY],
    ['47 days', 47 * DAY, (47 * DAY) / 3, 14.1 * DAY, 4.7 * DAY],
    ['10 days', 10 * DAY, (10 * DAY) / 3, 3 * DAY, DAY],
    ['6 days', 6 * DAY, 3 * DAY, 64.8 * HOUR, 0.6 * DAY],
    ['160 hours', 160 * HOUR, 80 * HOUR, 72 * HOUR, 16 * HOUR],
    ['1 hour', HOUR, 30 * MINUTE, 27 * MINUTE, 6 * MINUTE],
    ['10 years', 3650 * DAY, 30 * DAY, 30 * DAY, 7 * DAY],
  ])('%s', (_, lifetime, renew, warn, critical) => {
    expect(notices(lifetime)).toEqual({ renew, warn, critical, source: 'auto' });
  });

  test('a lifetime of one second under ten days is short', () => {
    const lifetime = 10 * DAY - 1_000;
    expect(notices(lifetime)).toMatchObject({ renew: 431_999_000, warn: 388_799_000 });
  });
});

describe('given thresholds', () => {
  test.each([
    ['durations', { warning: duration(21 * DAY), critical: duration(3 * DAY) }, 21 * DAY, 3 * DAY],
    ['shares', { warning: share(0.5), critical: share(0.25) }, 45 * DAY, 22.5 * DAY],
    ['one of them', { warning: duration(40 * DAY) }, 40 * DAY, 7 * DAY],
    ['more than the lifetime', { warning: duration(400 * DAY) }, 400 * DAY, 7 * DAY],
    [
      'a warning later than critical never comes',
      { warning: duration(DAY), critical: duration(14 * DAY) },
      14 * DAY,
      14 * DAY,
    ],
    ['nothing before expiry', { warning: duration(0), critical: duration(0) }, 0, 0],
  ] as const)('%s', (_, over, warn, critical) => {
    expect(notices(90 * DAY, over)).toMatchObject({ warn, critical, source: 'custom' });
  });

  test('a share is what it says, not what binary fractions make of it', () => {
    expect(notices(100_000, { warning: share(0.57) }).warn).toBe(57_000);
  });

  test('renewal opens no later than the warning', () => {
    expect(notices(90 * DAY, { warning: duration(60 * DAY) }).renew).toBe(60 * DAY);
    expect(notices(90 * DAY, { critical: duration(80 * DAY) }).renew).toBe(80 * DAY);
  });

  test('grace delays the warning and nothing else, and never past critical', () => {
    const plain = notices(90 * DAY);
    expect(notices(90 * DAY, { graceMs: 2 * DAY })).toEqual({ ...plain, warn: 25 * DAY });
    expect(notices(90 * DAY, { graceMs: 20 * DAY })).toEqual({ ...plain, warn: 7 * DAY });
    expect(notices(90 * DAY, { graceMs: 200 * DAY })).toEqual({ ...plain, warn: 7 * DAY });
  });

  test('the CA may open renewal earlier, or later up to the warning', () => {
    const at = (before: number) => expiresAt(living(90 * DAY)) - before;
    expect(notices(90 * DAY, { suggestedRenewalAt: at(60 * DAY) })).toMatchObject({ renew: 60 * DAY, source: 'ari' });
    expect(notices(90 * DAY, { suggestedRenewalAt: at(28 * DAY) }).renew).toBe(28 * DAY);
    expect(notices(90 * DAY, { suggestedRenewalAt: at(DAY) }).renew).toBe(27 * DAY);
  });

  test('a notice is told as a duration', () => {
    const validity = living(90 * DAY);
    expect(formatNotice(validity, computeWindow(validity, NOW, policy()).warnAt)).toBe('27d');
  });
});

describe('what is left', () => {
  const validity = living(90 * DAY);
  test.each([
    [expiresAt(validity) - 1_000, 1],
    [expiresAt(validity) - 999, 1],
    [expiresAt(validity) - 1, 1],
    [expiresAt(validity), 0],
    [expiresAt(validity) + 1, 0],
    [expiresAt(validity) + 1_000, -1],
    [validity.notBefore, 90 * 86_400],
  ])('at %i', (now, seconds) => {
    const { remainingSeconds } = computeWindow(validity, now, policy());
    expect(Object.is(remainingSeconds, seconds)).toBe(true);
  });

  test('90 days are 90 days to the second', () => {
    expect(lifetimeSeconds(validity)).toBe(90 * 86_400);
  });
});

describe('odd dates', () => {
  const YEAR_0 = -62_167_219_200_000;
  const YEAR_9999 = 253_402_300_799_000;
  test.each([
    ['notBefore after notAfter', { notBefore: NOW, notAfter: NOW - DAY }],
    ['one second', { notBefore: NOW, notAfter: NOW }],
    ['year 0 to 9999', { notBefore: YEAR_0, notAfter: YEAR_9999 }],
    ['long over', { notBefore: YEAR_0, notAfter: YEAR_0 + DAY }],
  ])('%s', (_, validity) => {
    const window = computeWindow(validity, NOW, policy({ warning: duration(36_525 * DAY) }));
    expect(window.lifetimeSeconds).toBeGreaterThanOrEqual(0);
    for (const value of Object.values(window))
      if (typeof value === 'number') expect(value).toSatisfy(Number.isSafeInteger);
    expect(formatInstant(window.warnAt)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test('a certificate that is never valid has every moment at its end', () => {
    const window = computeWindow({ notBefore: NOW, notAfter: NOW - DAY }, NOW, policy());
    expect(window).toMatchObject({ lifetimeSeconds: 0, renewAt: NOW - DAY + 1_000, criticalAt: NOW - DAY + 1_000 });
  });
});

const thresholds: fc.Arbitrary<Threshold> = fc.oneof(
  fc.constant(AUTO),
  fc.integer({ min: 0, max: 36_525 * DAY }).map(duration),
  fc.double({ min: 0, max: 1, noNaN: true }).map(share),
);

test('property: the moments come in order, on whole seconds, whatever is asked for', () => {
  const date = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }).map((s) => s * 1_000);
  fc.assert(
    fc.property(
      fc.record({ notBefore: date, notAfter: date }),
      date,
      fc.record({ warning: thresholds, critical: thresholds, graceMs: fc.integer({ min: 0, max: 400 * DAY }) }),
      (validity, now, settings) => {
        const { renewAt, warnAt, criticalAt, remainingSeconds } = computeWindow(validity, now, settings);
        expect(renewAt).toBeLessThanOrEqual(warnAt);
        expect(warnAt).toBeLessThanOrEqual(criticalAt);
        expect(criticalAt).toBeLessThanOrEqual(expiresAt(validity));
        expect(Math.abs(criticalAt % 1_000)).toBe(0);
        expect(remainingSeconds <= 0).toBe(now >= expiresAt(validity));
      },
    ),
  );
});

test('property: instants are always of one form', () => {
  fc.assert(
    fc.property(fc.double(), (ms) => {
      expect(formatInstant(ms)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }),
  );
});
