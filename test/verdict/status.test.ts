/**
 * Status: the worst of all, and the exit status that says it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Status } from '../../src/model/finding.ts';
import type { Run } from '../../src/model/verdict.ts';
import { exitCode, statusRank, Tally, worstStatus } from '../../src/verdict/status.ts';

const run = (over: Partial<Run> = {}): Run => ({
  startedAt: 0,
  finishedAt: 1,
  judgedAt: 0,
  deadlineReached: false,
  interrupted: false,
  errors: [],
  version: '0.0.0',
  ...over,
});
const error = { origin: 'hosts.txt:3', message: 'expected a target' };

function outcomeOf(statuses: readonly Status[], over: Partial<Run> = {}) {
  const tally = new Tally();
  for (const status of statuses) tally.add(status);
  return tally.outcome(run(over));
}

test.each([
  ['ok', 0],
  ['warning', 1],
  ['critical', 2],
  ['unknown', 3],
] as const)('%s exits %i', (status, code) => {
  expect(exitCode(status)).toBe(code);
});

describe('the run is as bad as its worst target', () => {
  test.each<[Status[], Status]>([
    [['ok'], 'ok'],
    [['ok', 'unknown'], 'unknown'],
    [['unknown', 'warning'], 'warning'],
    [['warning', 'critical', 'unknown', 'ok'], 'critical'],
  ])('%j → %s', (statuses, worst) => {
    expect(outcomeOf(statuses)).toMatchObject({ status: worst, exitCode: exitCode(worst) });
    expect(outcomeOf([...statuses].reverse()).status).toBe(worst);
  });
});

test('nothing scanned is never OK', () => {
  expect(outcomeOf([])).toMatchObject({ status: 'unknown', exitCode: 3, summary: { targets: 0 } });
});

test('input that was not understood makes it UNKNOWN at best, and no better than what was found', () => {
  expect(outcomeOf(['ok'], { errors: [error] }).exitCode).toBe(3);
  expect(outcomeOf(['ok', 'warning'], { errors: [error] }).exitCode).toBe(1);
  expect(outcomeOf(['critical'], { errors: [error] }).exitCode).toBe(2);
});

test('an interrupted run exits 3 whatever it had found', () => {
  for (const found of ['ok', 'warning', 'critical', 'unknown'] as const) {
    expect(outcomeOf([found], { interrupted: true })).toMatchObject({ status: 'unknown', exitCode: 3 });
  }
});

test('counts add up', () => {
  expect(outcomeOf(['ok', 'ok', 'warning', 'critical', 'unknown', 'unknown', 'unknown']).summary).toEqual({
    targets: 7,
    ok: 2,
    warning: 1,
    critical: 1,
    unknown: 3,
  });
});

test('property: the worst is one of them, and none is worse', () => {
  const statuses = fc.array(fc.constantFrom<Status>('ok', 'warning', 'critical', 'unknown'), { minLength: 1 });
  fc.assert(
    fc.property(statuses, (all) => {
      const worst = worstStatus(all);
      expect(all).toContain(worst);
      expect(Math.min(...all.map(statusRank))).toBe(statusRank(worst));
    }),
  );
});
