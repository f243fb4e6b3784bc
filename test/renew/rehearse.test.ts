/**
 * Rehearsal, plan only, and status: what they say, and that they leave no trace in what is in use.
 */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { planOnly } from '../../src/renew/dry-run.ts';
import { rehearse } from '../../src/renew/rehearse.ts';
import { renewOne } from '../../src/renew/renew-one.ts';
import type { Authority } from '../../src/renew/renewal.ts';
import { lastAttempt, renewStatus } from '../../src/renew/status.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { BY_ACME, orders, type Stage, stage, words } from '../support/renew/stage.ts';

const letsencrypt: Authority = {
  ...BY_ACME.authority,
  name: 'letsencrypt',
  url: 'https://acme-v02.api.letsencrypt.org/directory',
};

async function within<T>(work: (deadline: Deadline) => Promise<T>, ms = 8_000): Promise<T> {
  const deadline = Deadline.after(ms);
  try {
    return await work(deadline);
  } finally {
    deadline.release();
  }
}

/** A due set that nobody serves: what does not look does not mind. */
async function due(): Promise<Stage> {
  const here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  return here;
}

describe('rehearse', () => {
  test('at the staging directory, into a scratch folder; what is in use is not touched', async () => {
    await using here = await due();
    const { order, jobs } = orders(() => here.issue());
    const by = { ...BY_ACME, authority: letsencrypt };
    const renewal = here.renewal({ by, reload: words('false'), deployHook: words('false') });
    const before = await readFile(here.folder.at('live/fullchain.pem'), 'utf8');
    const result = await within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    expect(result).toMatchObject({ kind: 'rehearsed', leftOut: ['deploy-hook', 'reload', 'verify'] });
    expect(jobs).toMatchObject([{ directory: 'https://acme-staging-v02.api.letsencrypt.org/directory' }]);
    expect(await readFile(here.folder.at('live/fullchain.pem'), 'utf8')).toBe(before);
    expect(await readdir(here.live)).not.toContain('current');
    expect(await lastAttempt(here.tools.state, 'www')).toBeUndefined();
  });

  test('what the CA says no to is told', async () => {
    await using here = await due();
    const order: Tools['order'] = async () => ({
      ok: false,
      step: 'validate',
      reason: 'acme-dns',
      detail: 'no such name',
      advice: 'fix-dns',
      warnings: [],
    });
    const renewal = here.renewal({ by: { ...BY_ACME, authority: letsencrypt } });
    const result = await within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    expect(result).toMatchObject({ kind: 'failed', step: 'order', problem: { reason: 'acme-dns' } });
  });

  test('a CA without a staging directory, and a command, cannot be rehearsed', async () => {
    await using here = await due();
    const own = await within((deadline) => rehearse(here.renewal({ by: BY_ACME }), here.tools, { deadline }));
    expect(own).toMatchObject({ kind: 'failed', step: 'plan', problem: { reason: 'no-staging' } });
    const command = await within((deadline) => rehearse(here.renewal(), here.tools, { deadline }));
    expect(command).toMatchObject({ kind: 'failed', step: 'plan', problem: { reason: 'cannot-rehearse' } });
  });
});

describe('plan only', () => {
  test('says what would be done, and leaves no trace', async () => {
    await using here = await due();
    const renewal = here.renewal({ by: BY_ACME });
    expect(await planOnly(renewal, here.tools)).toMatchObject({
      kind: 'planned',
      action: 'renew',
      reasons: [{ code: 'window' }],
    });
    expect(await readdir(here.folder.path)).toEqual(['live']);
    await here.writeSet(here.live, here.issue());
    expect(await planOnly(renewal, here.tools)).toMatchObject({ kind: 'not-due' });
    expect(await planOnly(renewal, here.tools, { force: true })).toMatchObject({
      kind: 'planned',
      reasons: [{ code: 'forced' }],
    });
  });
});

describe('status', () => {
  test('claims nothing that is not there', async () => {
    await using here = await stage();
    const question = { state: here.tools.state, now: Date.now() };
    expect(await renewStatus([here.renewal({ by: BY_ACME })], question)).toEqual([
      { name: 'www', reasons: [{ code: 'no-certificate' }] },
    ]);
  });

  test('a failure, its step and words, and when it is tried again', async () => {
    await using here = await due();
    await here.serve(['127.0.0.1']);
    const renewal = here.renewal({ preHook: words('false') });
    const now = Date.now();
    await within((deadline) => renewOne(renewal, here.tools, { deadline }));
    const [status] = await renewStatus([renewal], { state: here.tools.state, now });
    expect(status).toMatchObject({
      reasons: [{ code: 'window' }],
      last: { outcome: 'failed', step: 'pre-hook', problem: { reason: 'pre-hook-failed' }, failures: 1 },
    });
    expect(status?.last?.notBefore).toBeGreaterThanOrEqual(now + 60_000);
  });

  test('one that was cut short: where it stood, and no outcome', async () => {
    await using here = await due();
    await here.serve(['127.0.0.1']);
    const renewal = here.renewal({ preHook: words('sleep', '20') });
    await within(async (deadline) => {
      const tools: Tools = { ...here.tools, checkpoint: async () => void setTimeout(() => deadline.expire(), 50) };
      await renewOne(renewal, tools, { deadline });
    });
    const attempt = await lastAttempt(here.tools.state, 'www');
    expect(attempt).toMatchObject({ step: 'pre-hook', stepDone: false, failures: 0 });
    expect(attempt).not.toHaveProperty('outcome');
  });
});
