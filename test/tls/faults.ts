/**
 * What the tables of protocol faults have in common: a script, and the failure that it must come to.
 */
import { expect, test } from 'vitest';
import { failed } from './dial.ts';
import { run, type Script } from './script.ts';

export interface Expected {
  readonly reason: string;
  readonly detail?: unknown;
  readonly secondOpinion?: boolean;
  readonly chain?: boolean;
  readonly maxVersion?: 'TLSv1.2';
}
export type Row = readonly [name: string, expected: Expected, script: Script];

/** Registers a test for each row. */
export function testFaults(rows: readonly Row[]): void {
  test.each(rows)('%s', (_, expected, script) => {
    const { outcome, sent } = run(script);
    const { failure, secondOpinion, secondOpinionMaxVersion } = failed(outcome);
    expect(failure).toMatchObject({ code: 'handshake-failed', phase: 'handshake', reason: expected.reason });
    if (expected.detail !== undefined) expect(failure.detail).toBe(expected.detail);
    expect(secondOpinion).toBe(expected.secondOpinion ?? true);
    if (expected.maxVersion) expect(secondOpinionMaxVersion).toBe(expected.maxVersion);
    if (expected.chain) expect(failed(outcome).chain).toHaveLength(1);
    else expect(failed(outcome).chain).toBeUndefined();
    expect(sent.length).toBeLessThan(3);
  });
}
