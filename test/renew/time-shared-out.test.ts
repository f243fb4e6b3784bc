/**
 * The time of one renewal: the order may use nearly all of it, what is issued too late waits for the next run, and whoever is
 * out of time is told which limit it was.
 */
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renewOne } from '../../src/renew/renew-one.ts';
import { enoughToInstall, forOrder, forward, type Limit } from '../../src/renew/shares.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { dueScene, factsOf, renewHere } from '../support/renew/due-scene.ts';
import { orders, shell, words } from '../support/renew/stage.ts';

async function renewWithin(s: Awaited<ReturnType<typeof dueScene>>, tools: Tools, limit: Limit) {
  const deadline = Deadline.after(limit.ms);
  const result = await renewOne(s.renewal, tools, { deadline, limit });
  deadline.release();
  return { result, endsAt: deadline.at };
}

/** A CA that never answers; until when that was waited for. */
function hangingCa() {
  const waitedUntil: number[] = [];
  const order: Tools['order'] = async (_, { deadline }) => {
    waitedUntil.push(deadline.at);
    await new Promise<void>((resolve) => deadline.onExpire(resolve));
    return { ok: false, step: 'directory', reason: 'timeout', detail: 'x', advice: 'raise-timeout', warnings: [] };
  };
  return { waitedUntil, order };
}

test.each([
  ['deadline', 'raise-deadline', /the limit was the run's --deadline, which left 2s for it$/],
  ['timeout', 'raise-timeout', /the limit was the certificate's timeout of 2s$/],
] as const)('a CA that hangs has nearly all of it; the limit is named: %s', async (by, advice, detail) => {
  await using s = await dueScene();
  const { waitedUntil, order } = hangingCa();
  const { result, endsAt } = await renewWithin(s, { ...s.here.tools, order }, { by, ms: 2_000 });
  expect(result).toMatchObject({ kind: 'failed', step: 'order', problem: { reason: 'timeout', advice } });
  expect('problem' in result && result.problem?.detail).toMatch(detail);
  expect(waitedUntil).toHaveLength(1);
  expect(endsAt - waitedUntil[0]!).toBeLessThan(150);
});

test('issued too late to be put back: nothing is touched, and the next run installs it without an order', async () => {
  await using s = await dueScene();
  const { order, jobs } = orders(() => s.fresh);
  const late: Tools['order'] = async (job, call) => {
    await pause(call.deadline.remainingMs - 200);
    return order(job, call);
  };
  const { result: first } = await renewWithin(s, { ...s.here.tools, order: late }, { by: 'deadline', ms: 2_500 });
  expect(first).toMatchObject({ kind: 'failed', step: 'order', problem: { reason: 'too-late-to-install' } });
  expect(await factsOf(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
  expect(await renewHere(s.renewal, { ...s.here.tools, order })).toMatchObject({ kind: 'renewed' });
  expect(jobs).toHaveLength(1);
});

test('commands are told which limit they did not keep', async () => {
  await using s = await dueScene();
  const { order } = orders(() => s.fresh);
  const tools: Tools = { ...s.here.tools, order };
  const hang = shell('sleep 60');
  let hours = 0;
  const detailOf = async (parts: Partial<typeof s.renewal>, ms: number) => {
    // Whenever the wait after the failure before is over.
    hours += 3;
    const now = () => Date.now() + hours * 3_600_000;
    const result = await renewHere({ ...s.renewal, ...parts }, { ...tools, now }, ms);
    return 'problem' in result ? (result.problem?.detail ?? '') : '';
  };
  expect(await detailOf({ preHook: hang }, 2_000)).toMatch(/the limit was half of the certificate's timeout of 2s$/);
  expect(await detailOf({ reload: hang, reloadTimeoutMs: 300 }, 6_000)).toMatch(/the limit was its reload-timeout$/);
  expect(await detailOf({ reload: hang }, 3_000)).toMatch(/the limit was its share of the time that was left$/);
  const by = { kind: 'command', command: words('sleep', '60') } as const;
  expect(await detailOf({ by }, 2_000)).toMatch(/the limit was the certificate's timeout of 2s$/);
});

test('however short it is: the order has nearly all of it, and the way back its share', () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 3_600_000 }), (ms) => {
      const all = Deadline.after(ms);
      const [order, client, ahead] = [forOrder(all, 'acme'), forOrder(all, 'command'), forward(all)];
      // Moments, and no times that are left: those are less by whatever this process is kept from running.
      expect(all.at - order.at).toBeLessThan(ms * 0.1 + 1);
      expect(all.at - client.at).toBeLessThan(ms * 0.35 + 1);
      expect(all.at - ahead.at).toBeGreaterThan(Math.min(ms * 0.25, 1_900) - 50);
      expect(all.at - ahead.at).toBeLessThan(ms * 0.55 + 1);
      expect(enoughToInstall(all, ms + 100)).toBe(true);
      for (const each of [order, client, ahead, all]) each.release();
    }),
    { numRuns: 50 },
  );
});
