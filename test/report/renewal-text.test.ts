/**
 * A run of renewals for people: what fits on a line, and what is said of a set that was on disk already.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DueReason, RenewalResult } from '../../src/model/renewal.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { renderRenewals } from '../../src/report/renewal-text.ts';

const certificate = { sha256: '', notBefore: 0, notAfter: Date.UTC(2031, 0, 1), names: [], keyType: 'ec' as const };

function linesOf(result: RenewalResult, columns: number): string[] {
  const outcome = { exitCode: 0, startedAt: 0, finishedAt: 0, deadlineReached: false, interrupted: false } as const;
  const options = { verbose: true, quiet: false, color: false, columns, now: 0 };
  return renderRenewals({ ...outcome, results: [result], notes: [] }, options).split('\n');
}

test('no line is wider than the terminal', () => {
  const words = fc
    .array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 })
    .map((all) => all.join(' '));
  fc.assert(
    fc.property(words, words, fc.integer({ min: 60, max: 130 }), (detail, warning, columns) => {
      const problem = { reason: 'reason', detail, subproblems: [{ type: '', identifier: 'a', detail: warning }] };
      const lines = linesOf(
        {
          name: 'www',
          warnings: [{ reason: 'warned', detail: warning }],
          kind: 'not-served',
          step: 'reload',
          problem,
          served: [{ target: warning, serves: 'unknown', failure: detail }],
          noWayBack: 'another-client',
        },
        columns,
      );
      // The last line sums up, whatever its width.
      for (const line of lines.slice(0, -2)) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }),
  );
});

describe('on disk already', () => {
  const resumed = (...reasons: DueReason[]): RenewalResult => {
    const served = [{ target: 'a', serves: 'new' } as const, { target: 'b', serves: 'unknown' } as const];
    return { name: 'www', warnings: [], kind: 'resumed', reasons, certificate, served };
  };

  test.each([
    [resumed({ code: 'not-proven', since: 0 }), 'installed by an earlier run; until 2031-01-01'],
    [resumed({ code: 'served-differs', targets: ['a'] }), 'on disk already; until 2031-01-01'],
  ])('%#', (result, expected) => {
    const [, line] = linesOf(result, 200);
    expect(line).toContain(expected);
    // What could not be seen is not counted.
    expect(line).toContain('served at 1 address now');
  });
});
