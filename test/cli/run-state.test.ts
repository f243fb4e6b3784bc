/** What a run has come to: by one clock, whoever looks on it, and however long the processes of the run took to begin. */
import { expect, test } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { RunState } from '../../src/cli/run/run-state.ts';

test('what is judged as of the start of the run is judged as of the very start that is reported', () => {
  let now = 5_000;
  const io = { now: () => now++, stderr: { isTTY: false }, version: '0' } as unknown as Io;
  const told = new RunState({ io, progress: false, startedAt: 4_000 });
  expect([told.judgedAt, told.outcome().run]).toMatchObject([4_000, { startedAt: 4_000, judgedAt: 4_000 }]);
  const alone = new RunState({ io, progress: false });
  expect(alone.judgedAt).toBe(alone.outcome().run.startedAt);
  const asOf = new RunState({ io, progress: false, startedAt: 4_000, judgedAt: 9 });
  expect(asOf.outcome().run).toMatchObject({ startedAt: 4_000, judgedAt: 9 });
});
