/**
 * `csv`, read back by RFC 4180.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { csv } from '../../src/report/formats/csv.ts';
import { verdicts } from './arbitrary.ts';
import { FLEET, render } from './fleet.ts';
import { readCsv as parse } from './readers/csv.ts';

const all: readonly Verdict[] = Object.values(FLEET);

function rowsOf(some: readonly Verdict[]): Record<string, string>[] {
  const [header = [], ...rows] = parse(render(csv, some));
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]!])));
}

test('one row a target, in input order', () => {
  const rows = rowsOf(all);
  expect(rows.map(({ name }) => name)).toEqual(all.map(({ target }) => target.name));
  expect(rows[6]).toMatchObject({
    name: 'expired.shop.example:443',
    status: 'critical',
    remaining_days: '-3.167',
    not_after: '2026-11-21T03:59:59Z',
    findings: 'expired',
    port: '443',
    lifetime_days: '90',
    trusted: 'false',
    issuer: 'O=certwatch tests,CN=Test Issuing CA',
  });
});

test('what was not seen is empty', () => {
  expect(rowsOf([FLEET.stuck])[0]).toMatchObject({
    remaining_days: '',
    not_after: '',
    sha256: '',
    findings: 'timeout',
  });
});

test('property: whatever comes, it reads back; nothing runs as a formula but our own numbers', () => {
  fc.assert(
    fc.property(verdicts, (some) => {
      const text = render(csv, some);
      const [header = [], ...rows] = parse(text);
      expect(rows).toHaveLength(some.length);
      for (const row of rows) {
        expect(row).toHaveLength(header.length);
        for (const field of row) if (/^\s*[=+\-@＝＋－＠]/.test(field)) expect(field).toMatch(/^-\d+(\.\d+)?$/);
      }
      expect(text).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\r\n|\n)\p{Cc}/u);
    }),
    { numRuns: 100 },
  );
});
