/**
 * Rehearsal, plan only, and status: what they say, and that they leave no trace in what is in use.
 */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/config/schema-values.ts';
import { planOnly } from '../../src/renew/dry-run.ts';
import { rehearse } from '../../src/renew/rehearse.ts';
import { renewOne } from '../../src/renew/renew-one.ts';
import type { Authority, ByAcme, Renewal } from '../../src/renew/renewal.ts';
import { lastAttempt, renewStatus } from '../../src/renew/status.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { BY_ACME, NAME, orders, type Stage, shell, stage, words } from '../support/renew/stage.ts';

const staging: Authority = { ...BY_ACME.authority, name: 'staging', url: 'https://staging.example/directory' };
const BY_STAGED: ByAcme = { ...BY_ACME, staging };

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

/** A hook that says, on one line, what it finds in its environment and in the folder. */
const telling = (file: string): Command =>
  shell(`echo "$CERTWATCH_STEP $CERTWATCH_REHEARSAL $CERTWATCH_LIVE" $(ls "$CERTWATCH_LIVE") >> ${file}`);

describe('rehearse', () => {
  test('at the staging directory, into a scratch folder; what is in use is not touched', async () => {
    await using here = await due();
    const { order, jobs } = orders(() => here.issue());
    const renewal = here.renewal({ by: BY_STAGED, reload: words('false'), deployHook: words('false') });
    const before = await readFile(here.folder.at('live/fullchain.pem'), 'utf8');
    const result = await within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    expect(result).toMatchObject({ kind: 'rehearsed', ran: [], leftOut: ['deploy-hook', 'reload', 'verify'] });
    expect(jobs).toMatchObject([
      { directory: 'https://staging.example/directory', environment: { CERTWATCH_REHEARSAL: '1' } },
    ]);
    expect(await readFile(here.folder.at('live/fullchain.pem'), 'utf8')).toBe(before);
    expect(await readdir(here.live)).not.toContain('current');
    expect(await lastAttempt(here.tools.state, { name: 'www' }, Date.now())).toBeUndefined();
    expect(await readdir(here.folder.at('state/rehearsal/live'))).toEqual([]);
  });

  test('a hook that is allowed runs, told that it is a rehearsal and given the scratch folder', async () => {
    await using here = await due();
    const { order } = orders(() => here.issue());
    const log = here.folder.at('log');
    const hooks = { preHook: telling(log), deployHook: telling(log), reload: words('false') };
    const scratch = here.folder.at('state/rehearsal/live/www');
    const go = (rehearsed: Renewal['rehearse']) => {
      const renewal = here.renewal({ by: BY_STAGED, ...hooks, rehearse: rehearsed });
      return within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    };
    expect(await go(['deploy-hook'])).toMatchObject({
      ran: ['deploy-hook'],
      leftOut: ['pre-hook', 'reload', 'verify'],
    });
    expect(await go(['pre-hook', 'deploy-hook'])).toMatchObject({
      kind: 'rehearsed',
      ran: ['pre-hook', 'deploy-hook'],
      leftOut: ['reload', 'verify'],
    });
    const deployed = `deploy-hook 1 ${scratch} cert.pem chain.pem current fullchain.pem privkey.pem`;
    expect(await readFile(log, 'utf8')).toBe(`${deployed}\npre-hook 1 ${scratch}\n${deployed}\n`);
  });

  test('a hook that fails is what the rehearsal is for', async () => {
    await using here = await due();
    const { order } = orders(() => here.issue());
    const deployHook = shell('echo no such host; exit 3');
    const renewal = here.renewal({ by: BY_STAGED, deployHook, rehearse: ['deploy-hook'] });
    const result = await within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    expect(result).toMatchObject({
      kind: 'failed',
      step: 'deploy-hook',
      problem: { reason: 'deploy-hook-failed', output: 'no such host\n' },
    });
  });

  test('in a real renewal a hook is told that it is none', async () => {
    await using here = await due();
    await here.serve(['127.0.0.1']);
    const log = here.folder.at('log');
    const preHook = shell(`echo "<$CERTWATCH_REHEARSAL>" > ${log}`);
    const tools: Tools = { ...here.tools, env: { ...here.tools.env, CERTWATCH_REHEARSAL: '1' } };
    await within((deadline) => renewOne(here.renewal({ preHook }), tools, { deadline }));
    expect(await readFile(log, 'utf8')).toBe('<>\n');
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
    const renewal = here.renewal({ by: BY_STAGED });
    const result = await within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    expect(result).toMatchObject({ kind: 'failed', step: 'order', problem: { reason: 'acme-dns' } });
  });

  test('one that was killed once it had its certificate: the next one orders again', async () => {
    await using here = await due();
    const { order, jobs } = orders(() => here.issue());
    const renewal = here.renewal({ by: BY_STAGED });
    const checkpoint: Tools['checkpoint'] = async (step, moment) => {
      if (step === 'order' && moment === 'after') throw new Error('killed');
    };
    const killed = within((deadline) => rehearse(renewal, { ...here.tools, order, checkpoint }, { deadline }));
    await expect(killed).rejects.toThrow('killed');
    await within((deadline) => rehearse(renewal, { ...here.tools, order }, { deadline }));
    expect(jobs).toHaveLength(2);
  });

  test('a CA without a staging directory cannot be rehearsed', async () => {
    await using here = await due();
    const authority = { ...BY_ACME.authority, name: 'zerossl' };
    const renewal = here.renewal({ by: { ...BY_ACME, authority } });
    expect(await within((deadline) => rehearse(renewal, here.tools, { deadline }))).toMatchObject({
      kind: 'failed',
      step: 'plan',
      problem: { reason: 'no-staging', detail: expect.stringMatching(/^zerossl has no directory.*acme\.staging/) },
    });
  });
});

describe('rehearse what a command renews', () => {
  const dryRun = (here: Stage, rehearsal: Command, parts: Partial<Renewal> = {}) => {
    const renewal = here.renewal({ by: { kind: 'command', command: words('false'), rehearsal }, ...parts });
    return within((deadline) => rehearse(renewal, here.tools, { deadline }));
  };

  test('by its own dry run; nothing comes of it, so nothing is deployed', async () => {
    await using here = await due();
    const log = here.folder.at('log');
    const hooks = { preHook: telling(log), deployHook: telling(log) };
    const result = await dryRun(here, telling(log), { ...hooks, rehearse: ['pre-hook', 'deploy-hook'] });
    expect(result).toMatchObject({ kind: 'rehearsed', ran: ['pre-hook'], leftOut: ['deploy-hook', 'verify'] });
    expect(result).not.toHaveProperty('certificate');
    const scratch = here.folder.at('state/rehearsal/live/www');
    expect(await readFile(log, 'utf8')).toBe(`pre-hook 1 ${scratch}\norder 1 ${scratch}\n`);
  });

  test('what it puts into the scratch folder is looked at, and deployed', async () => {
    await using here = await due();
    const log = here.folder.at('log');
    await here.writeSet(here.folder.at('fresh'), here.issue());
    await here.writeSet(here.folder.at('other'), here.issue({ sans: ['dns:other.example'] }));
    const copying = (from: string) => shell(`cp ${here.folder.at(from)}/*.pem "$CERTWATCH_LIVE"`);
    const parts: Partial<Renewal> = { deployHook: telling(log), rehearse: ['deploy-hook'] };
    expect(await dryRun(here, copying('fresh'), parts)).toMatchObject({
      kind: 'rehearsed',
      ran: ['deploy-hook'],
      certificate: { names: [`dns:${NAME}`] },
    });
    expect(await dryRun(here, copying('other'), parts)).toMatchObject({
      kind: 'failed',
      problem: { reason: 'names-missing' },
    });
  });

  test('one that fails, and one that renews in earnest', async () => {
    await using here = await due();
    expect(await dryRun(here, shell('echo no such name; exit 1'))).toMatchObject({
      kind: 'failed',
      step: 'order',
      problem: { reason: 'order-failed', output: 'no such name\n' },
    });
    await here.writeSet(here.folder.at('fresh'), here.issue());
    const earnest = shell(`cp ${here.folder.at('fresh')}/*.pem ${here.live}`);
    expect(await dryRun(here, earnest)).toMatchObject({ kind: 'failed', problem: { reason: 'not-a-rehearsal' } });
  });

  test('without one it cannot be rehearsed; for certbot it is known what to write', async () => {
    await using here = await due();
    const refusal = async (command: Command) => {
      const renewal = here.renewal({ by: { kind: 'command', command } });
      return within((deadline) => rehearse(renewal, here.tools, { deadline }));
    };
    const said = (end: string) => ({
      kind: 'failed',
      step: 'plan',
      problem: { reason: 'cannot-rehearse', detail: expect.stringMatching(new RegExp(`rehearse-command${end}$`)) },
    });
    expect(await refusal(words('lego', 'renew'))).toMatchObject(said(''));
    const line = ': \\[ /usr/bin/certbot, renew, --dry-run \\]';
    expect(await refusal(words('/usr/bin/certbot', 'renew'))).toMatchObject(said(line));
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
      { name: 'www', next: 'renew', reasons: [{ code: 'no-certificate' }] },
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
    const attempt = await lastAttempt(here.tools.state, { name: 'www' }, Date.now());
    expect(attempt).toMatchObject({ step: 'pre-hook', stepDone: false, failures: 0 });
    expect(attempt).not.toHaveProperty('outcome');
  });
});
