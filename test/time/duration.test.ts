import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY, formatDuration, HOUR, MINUTE, parseDuration, SECOND } from '../../src/time/duration.ts';

test.each([
  ['30d', 30 * DAY],
  ['12h', 12 * HOUR],
  ['90m', 90 * MINUTE],
  ['10s', 10 * SECOND],
  ['250ms', 250],
  ['2w', 14 * DAY],
  ['1d12h', 36 * HOUR],
  ['1.5h', 90 * MINUTE],
  [' 10S ', 10 * SECOND],
  ['0', 0],
  ['0s', 0],
])('%s', (text, ms) => {
  expect(parseDuration(text)).toEqual({ ok: true, value: ms });
});

test.each(['', '10', '-1d', '1y', 'd', '1d 12h', '1e3s', '99999999999d', 'auto', '1dd', '٣d'])('refuses %j', (text) => {
  const parsed = parseDuration(text);
  expect(parsed).toMatchObject({ ok: false, error: expect.stringContaining(JSON.stringify(text)) });
});

test('a bare number is told that its unit is missing', () => {
  expect(parseDuration('30')).toMatchObject({ ok: false, error: expect.stringContaining('"30d" or "30s"') });
});

test.each([
  [0, '0ms'],
  [850, '850ms'],
  [12 * SECOND, '12s'],
  [59 * MINUTE + 3 * SECOND, '59m 3s'],
  [2 * DAY + 4 * HOUR + 59 * MINUTE, '2d 4h'],
  [2 * DAY + 59 * MINUTE, '2d'],
  [-3 * HOUR, '-3h'],
])('formats %d as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('any text gives an answer, and what is formatted parses to no more than it was', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseDuration(text);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * DAY }), (ms) => {
      const back = parseDuration(formatDuration(ms).replace(' ', ''));
      expect(back.ok && back.value <= ms && ms - back.value < DAY).toBe(true);
    }),
  );
});
