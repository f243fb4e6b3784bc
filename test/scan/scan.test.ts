/**
 * The run, with looks that take as long as a test says: how far a list is read ahead, and what becomes of it when the
 * deadline comes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Result } from '../../src/model/result.ts';
import { ok } from '../../src/model/result.ts';
import type { FileTarget, InputError, Target } from '../../src/model/target.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { scan } from '../../src/scan/scan.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { notLookedVerdicts } from '../../src/verdict/failed-verdicts.ts';

const target = (i: number): FileTarget => ({
  kind: 'file',
  input: `${i}`,
  name: `${i}`,
  origin: 'test',
  path: `${i}.pem`,
  settings: DEFAULT_SETTINGS,
});
const notLooked = notLookedVerdicts(() => false);
/** Good enough for who hands it on. */
const seen = (about: Target): Verdict => ({ ...notLooked(about), status: 'ok' });

interface Play {
  readonly targets: number;
  /** Then nothing comes any more, and no end either. */
  readonly endless?: boolean;
  readonly deadlineMs: number;
  readonly look: (about: Target, deadline: Deadline) => Promise<Verdict>;
}

/** Starts a run with four places. */
function play({ targets, endless = false, deadlineMs, look }: Play) {
  let read = 0;
  let allTaken = false;
  const verdicts: string[] = [];
  const errors: (string | undefined)[] = [];
  async function* list(): AsyncGenerator<Result<Target, InputError>> {
    for (let i = 0; i < targets; i++) {
      read += 1;
      yield ok(target(i));
    }
    if (endless) await new Promise(() => {});
  }
  const deadline = Deadline.after(deadlineMs);
  const done = scan({
    targets: list(),
    concurrency: 4,
    deadline,
    look,
    notLooked,
    onAllTaken: () => {
      allTaken = true;
    },
    onVerdict: ({ target, status }) => void verdicts.push(`${target.name} ${status}`),
    onInputError: ({ code }) => void errors.push(code),
  }).finally(() => deadline.release());
  return { done, verdicts, errors, read: () => read, allTaken: () => allTaken };
}

const inOrder = (count: number, status: string) => Array.from({ length: count }, (_, i) => `${i} ${status}`);
const never = (about: Target, deadline: Deadline): Promise<Verdict> =>
  deadline.race(new Promise<never>(() => {})).then(() => notLooked(about));

test('verdicts come in the order of the list, and no more than was asked for is looked at once', async () => {
  let now = 0;
  let most = 0;
  const run = play({
    targets: 40,
    deadlineMs: 10_000,
    async look(about) {
      most = Math.max(most, ++now);
      await sleep((Number(about.name) * 7) % 11);
      now -= 1;
      return seen(about);
    },
  });
  await run.done;
  expect(run.verdicts).toEqual(inOrder(40, 'ok'));
  expect([most, run.read(), run.errors, run.allTaken()]).toEqual([4, 40, [], true]);
});

test('no more of the list is read than is needed to keep all places taken', async () => {
  const run = play({ targets: 1_000, deadlineMs: 2_400, look: never });
  // Long before that is due, and time enough to read too much of a list that takes none.
  for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(run.read()).toBeLessThanOrEqual(4 + 4 + 1);
  expect(run.allTaken()).toBe(false);
  // Before the deadline comes, the rest: there is little time once it has come.
  await expect.poll(run.allTaken, { timeout: 2_000, interval: 20 }).toBe(true);
  expect([run.read(), run.verdicts.length]).toEqual([1_000, 0]);
  await run.done;
  expect(run.verdicts).toEqual(inOrder(1_000, 'unknown'));
});

test('a list that does not come to its end is said to be cut short; what came of it has results', async () => {
  const run = play({ targets: 10, endless: true, deadlineMs: 500, look: async (about) => seen(about) });
  await run.done;
  expect([run.errors, run.allTaken()]).toEqual([['list-cut-short'], true]);
  expect(run.verdicts).toEqual(inOrder(10, 'ok'));
});

test('a bug in one look is that target’s alone', async () => {
  const look = async (about: Target): Promise<Verdict> => {
    if (about.name === '2') throw new Error('oops');
    return seen(about);
  };
  const run = play({ targets: 4, deadlineMs: 5_000, look });
  await run.done;
  expect(run.verdicts).toEqual(['0 ok', '1 ok', '2 unknown', '3 ok']);
});
