/**
 * What fails at each step, and what comes of it: nothing is touched, or the old set is back and served, or the new one stays
 * for a reason that is told.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { RenewalStep } from '../../src/model/renewal.ts';
import { renewOne } from '../../src/renew/renew-one.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { dueScene, factsOf, RenewalWorker, renewHere } from '../support/renew/due-scene.ts';
import { BY_ACME, orders, shell, stage, words } from '../support/renew/stage.ts';
import { giveToUnprivileged } from '../support/unprivileged.ts';

/** An hour later, when the wait after a failure is over. */
const forgetful = (tools: Tools): Tools => ({ ...tools, now: () => Date.now() + 3_600_000 });

describe('what fails', { timeout: 20_000 }, () => {
  test('an order that fails: its words are kept, and so is "not before"', async () => {
    await using s = await dueScene();
    const notBefore = Date.now() + 86_400_000;
    const order: Tools['order'] = async () => ({
      ok: false,
      step: 'order',
      reason: 'acme-rate-limited',
      detail: 'too many certificates',
      advice: 'wait-until',
      notBefore,
      warnings: [{ code: 'x', detail: 'y' }],
    });
    const first = await renewHere(s.renewal, { ...s.here.tools, order });
    expect(first).toMatchObject({
      kind: 'failed',
      step: 'order',
      problem: { reason: 'acme-rate-limited', notBefore },
      warnings: [{ reason: 'x' }],
    });
    const later = await renewHere(s.renewal, forgetful({ ...s.here.tools, order }));
    expect(later).toMatchObject({ kind: 'skipped-backoff', notBefore, problem: { reason: 'acme-rate-limited' } });
  });

  test('a wait of years that the CA asks for is none; where another CA is configured, none is advised', async () => {
    const fallback = {
      ...BY_ACME.authority,
      url: 'https://second.example/',
      after: 3,
      remaining: { kind: 'auto' },
    } as const;
    await using s = await dueScene((reload) => ({ reload: reload!, by: { ...BY_ACME, fallback } }));
    const order: Tools['order'] = async () => ({
      ok: false,
      step: 'order',
      reason: 'acme-rate-limited',
      detail: 'too many certificates',
      advice: 'wait-until',
      notBefore: Date.now() + 99_999_999_000,
      warnings: [],
    });
    const first = await renewHere(s.renewal, { ...s.here.tools, order });
    expect(first).toMatchObject({ problem: { advice: 'wait-or-fallback' } });
    const until = first.kind === 'failed' ? (first.problem.notBefore ?? 0) - Date.now() : 0;
    expect(until).toBeGreaterThan(82_800_000);
    expect(until).toBeLessThanOrEqual(86_400_000);
  });

  test('a certificate for other names: nothing is touched', async () => {
    await using s = await dueScene();
    const { order } = orders(() => s.here.issue({ sans: ['dns:other.example'] }));
    const result = await renewHere(s.renewal, { ...s.here.tools, order });
    expect(result).toMatchObject({ kind: 'failed', step: 'install', problem: { reason: 'names-missing' } });
    expect(await factsOf(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
  });

  test('the journal cannot be written: nothing is begun', async () => {
    await using s = await dueScene();
    await s.here.folder.write('state', 'a file');
    const { order, jobs } = orders(() => s.fresh);
    expect(await renewHere(s.renewal, { ...s.here.tools, order })).toMatchObject({
      kind: 'failed',
      problem: { reason: 'journal' },
    });
    expect(jobs).toEqual([]);
  });

  test('the journal cannot be written any more: before the switch nothing is touched, after it the job is finished', async () => {
    await using s = await dueScene();
    const { order, jobs } = orders(() => s.fresh);
    const journal = s.here.folder.at('state/renewals/www.jsonl');
    const breaking = (at: RenewalStep): Tools => ({
      ...s.here.tools,
      order,
      checkpoint: async (step, moment) => {
        if (step !== at || moment !== 'after') return;
        await rm(journal);
        await mkdir(journal);
      },
    });
    const first = await renewHere({ ...s.renewal, preHook: words('true') }, breaking('pre-hook'));
    expect(first).toMatchObject({ kind: 'failed', step: 'order', problem: { reason: 'journal' } });
    expect(jobs).toEqual([]);
    await rm(journal, { recursive: true });
    const before = await renewHere(s.renewal, breaking('order'));
    expect(before).toMatchObject({ kind: 'failed', step: 'install', problem: { reason: 'journal' } });
    expect(await factsOf(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
    await rm(journal, { recursive: true });
    const after = await renewHere(s.renewal, breaking('install'));
    expect(after).toMatchObject({ kind: 'renewed', warnings: [{ reason: 'journal' }] });
    expect(await factsOf(s)).toEqual({ disk: s.fresh.sha256, served: [s.fresh.sha256, s.fresh.sha256] });
  });

  test('nothing says where it is served: nothing is begun', async () => {
    await using s = await dueScene();
    const { order, jobs } = orders(() => s.fresh);
    const result = await renewHere({ ...s.renewal, targets: [] }, { ...s.here.tools, order });
    expect(result).toMatchObject({ kind: 'failed', problem: { reason: 'nowhere-to-verify' } });
    expect(jobs).toEqual([]);
  });

  test('the first certificate, not taken up: it stays, and the next run sees to it without an order', async () => {
    await using here = await stage();
    const other = here.issue();
    await here.writeSet(here.folder.at('served'), other);
    await here.writeSet(here.live, other);
    const server = await here.serve();
    const live = here.folder.at('new-live');
    const { order, jobs } = orders(() => here.issue());
    const first = await renewHere(
      here.renewal({ by: BY_ACME, live, reload: words('false') }),
      { ...here.tools, order },
      4_000,
    );
    expect(first).toMatchObject({ kind: 'not-served', step: 'reload', noWayBack: 'nothing-before' });
    const copy = shell(`cp ${live}/*.pem ${here.live}/ && kill -HUP ${server.pid}`);
    // At once, and also where a renewal is asked for: what was issued comes first.
    const tools = { ...here.tools, order };
    const second = await renewHere(here.renewal({ by: BY_ACME, live, reload: copy }), tools, 8_000, { force: true });
    expect(second).toMatchObject({ kind: 'resumed', reasons: [{ code: 'forced' }, { code: 'not-proven' }] });
    expect(jobs).toHaveLength(1);
    const third = await renewHere(here.renewal({ by: BY_ACME, live, reload: copy }), tools, 8_000, { force: true });
    expect(third).toMatchObject({ kind: 'renewed' });
    expect(jobs).toHaveLength(2);
  });

  test('an old one that has expired is not put back', async () => {
    await using here = await stage();
    await here.writeSet(here.live, here.issue({ ageDays: 100 }));
    await here.serve();
    const { order } = orders(() => here.issue());
    const result = await renewHere(here.renewal({ by: BY_ACME, reload: words('false') }), { ...here.tools, order });
    expect(result).toMatchObject({ kind: 'not-served', noWayBack: 'old-one-useless' });
  });

  test('an address that nobody answered at before is no reason to go back, and is told', async () => {
    await using s = await dueScene();
    const [first] = s.renewal.targets;
    if (first?.kind !== 'endpoint') throw new Error('no target');
    const targets = [...s.renewal.targets, { ...first, name: 'silent', host: '127.0.0.9' }];
    const { order } = orders(() => s.fresh);
    const alone = await renewHere({ ...s.renewal, targets }, { ...s.here.tools, order }, 4_000);
    expect(alone).toMatchObject({ kind: 'partly-served', problem: { reason: 'address-silent' } });
  });

  test('the run is ended in the middle: no failure, and the next run goes on at once', async () => {
    await using s = await dueScene();
    const deadline = Deadline.after(8_000);
    const { order, jobs } = orders(() => s.fresh);
    const reload = shell('sleep 30');
    const tools: Tools = {
      ...s.here.tools,
      order,
      checkpoint: async (step) => void (step === 'reload' && setTimeout(() => deadline.expire(), 100)),
    };
    const first = await renewOne({ ...s.renewal, reload }, tools, { deadline });
    expect(first).toMatchObject({
      kind: 'not-served',
      problem: { reason: 'interrupted' },
      noWayBack: 'interrupted',
      // Nobody has looked.
      served: [],
    });
    const second = await renewHere(s.renewal, { ...s.here.tools, order });
    expect(second).toMatchObject({ kind: 'resumed' });
    expect(jobs).toHaveLength(1);
  });

  test('good on disk, another one served: reloaded', async () => {
    await using s = await dueScene();
    await s.here.writeSet(s.here.live, s.fresh);
    const result = await renewHere(s.renewal, s.here.tools);
    expect(result).toMatchObject({
      kind: 'resumed',
      reasons: [{ code: 'served-differs' }],
      served: [{ serves: 'new' }, { serves: 'new' }],
    });
  });

  test('a command that leaves a key of another certificate is told, with what it printed', async () => {
    await using s = await dueScene();
    const other = s.here.issue();
    await s.here.folder.write('fresh/privkey.pem', other.keyPem);
    await s.here.folder.write('fresh/fullchain.pem', s.fresh.chainPem);
    const command = shell(`echo copied; cp ${s.here.folder.at('fresh')}/*.pem "$CERTWATCH_LIVE/"`);
    const result = await renewHere({ ...s.renewal, by: { kind: 'command', command } }, s.here.tools);
    expect(result).toMatchObject({
      kind: 'failed',
      step: 'order',
      problem: { reason: 'key-mismatch', output: 'copied\n' },
    });
  });

  test('a command without a live folder: the servers tell', async () => {
    await using s = await dueScene();
    await s.here.writeSet(s.here.folder.at('fresh'), s.fresh);
    const pid = s.renewal.reload?.words.at(-1);
    const command = shell(`cp ${s.here.folder.at('fresh')}/*.pem ${s.here.live}/; kill -HUP ${pid}`);
    const { live: _live, reload: _reload, ...renewal } = s.renewal;
    const result = await renewHere({ ...renewal, by: { kind: 'command', command } }, s.here.tools);
    expect(result).toMatchObject({ kind: 'renewed', certificate: { sha256: s.fresh.sha256 } });
  });

  test('a folder that may not be written to: nothing is touched, and once it may be, the next run installs what it has', async () => {
    await using worker = await RenewalWorker.build();
    await using s = await dueScene();
    await giveToUnprivileged(s.here.folder.path);
    await chmod(s.here.live, 0o500);
    const told = await worker.run(s, { unprivileged: true });
    expect(told).toMatchObject({
      result: { kind: 'failed', step: 'install', problem: { reason: 'no-permission' } },
      orders: 1,
    });
    expect(await factsOf(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
    await chmod(s.here.live, 0o700);
    const { order, jobs } = orders(() => s.fresh);
    expect(await renewHere(s.renewal, forgetful({ ...s.here.tools, order }))).toMatchObject({ kind: 'renewed' });
    expect(jobs).toEqual([]);
  });
});
