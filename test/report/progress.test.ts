/**
 * Progress in one line.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { progressText } from '../../src/report/progress.ts';

test.each([
  [{ done: 0, bad: 0, elapsedMs: 0, total: 3 }, '0 of 3 targets (0%)'],
  [
    { done: 1_204, bad: 3, elapsedMs: 20_000, total: 10_000 },
    '1,204 of 10,000 targets (12%), 3 not OK, about 2m 27s left',
  ],
  [{ done: 1_204, bad: 0, elapsedMs: 20_000 }, '1,204 targets looked at'],
  [{ done: 5, bad: 0, elapsedMs: 60_000, total: 100 }, '5 of 100 targets (5%)'],
  [{ done: 100, bad: 1, elapsedMs: 60_000, total: 100 }, '100 of 100 targets (100%), 1 not OK'],
  [{ done: 12, bad: 0, elapsedMs: 1_000, total: 10 }, '12 targets looked at'],
  [{ done: 0, bad: 0, elapsedMs: 0, total: 0 }, '0 of 0 targets (100%)'],
])('%j', (state, text) => {
  expect(progressText(state)).toBe(text);
});

test('property: always one line, never NaN', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.option(fc.nat(), { nil: undefined }),
      (done, bad, elapsedMs, total) => {
        const text = progressText({ done, bad, elapsedMs, ...(total === undefined ? {} : { total }) });
        expect(text).not.toMatch(/NaN|Infinity|undefined|\n/);
      },
    ),
  );
});
