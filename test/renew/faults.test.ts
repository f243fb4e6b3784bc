/**
 * The fault table: killed before and after each step, and the next run finishes the job; hooks and reloads in every mood.
 * After each: the live set is whole, old or new, and what is served is one of the two.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RenewalResult, RenewalStep } from '../../src/model/renewal.ts';
import { readSet } from '../../src/renew/install/certificate-set.ts';
import { renewOne } from '../../src/renew/renew-one.ts';
import type { Renewal } from '../../src/renew/renewal.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { lookEverywhere } from '../../src/renew/verify-served.ts';
import { Deadline } from '../../src/time/deadline.ts';
import type { Issued } from '../support/pki/pki.ts';
import { BY_ACME, orders, type Stage, shell, stage, words } from '../support/renew/stage.ts';
import { type BuiltWorker, buildWorker } from '../support/renew/worker.ts';

let worker: BuiltWorker;
beforeAll(async () => {
  worker = await buildWorker(join(import.meta.dirname, 'fault-worker.ts'));
});
afterAll(() => worker[Symbol.asyncDispose]());

interface Scene extends AsyncDisposable {
  readonly here: Stage;
  readonly old: Issued;
  readonly fresh: Issued;
  readonly renewal: Renewal;
}

async function scene(
  parts: (reload: Renewal['reload']) => Partial<Renewal> = (reload) => ({ reload: reload! }),
): Promise<Scene> {
  const here = await stage();
  const [old, fresh] = [here.issue({ ageDays: 70 }), here.issue()];
  await here.writeSet(here.live, old);
  await here.writeSet(here.folder.at('issues'), fresh);
  const server = await here.serve();
  const renewal = here.renewal({ by: BY_ACME, ...parts(server.reload) });
  return { here, old, fresh, renewal, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() };
}

interface Told {
  readonly result: RenewalResult;
  readonly orders: number;
}

/** In a process of its own. @returns undefined where it was killed. */
async function inWorker(
  { here, renewal }: Scene,
  kill?: { step: RenewalStep; moment: 'before' | 'after' },
  ms = 10_000,
): Promise<Told | undefined> {
  const order = { renewal, state: here.tools.state, issues: here.folder.at('issues'), kill, ms };
  const child = spawn(process.execPath, [worker.file, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [, signal] = await once(child, 'close');
  if (signal !== null) return undefined;
  return JSON.parse(text) as Told;
}

/** SHA-256 of what the live folder holds and of what each address serves. */
async function facts({ here, renewal }: Scene) {
  const set = await readSet(here.live);
  if (!set.ok || !set.value) throw new Error('the live set is not whole');
  const deadline = Deadline.after(5_000);
  const { leaves } = await lookEverywhere({ targets: renewal.targets, look: here.tools.look, deadline });
  deadline.release();
  return { disk: set.value.chain[0].sha256, served: leaves.map(({ sha256 }) => sha256) };
}

describe('killed with SIGKILL', { timeout: 30_000 }, () => {
  const HOOKS = { preHook: words('true'), deployHook: words('true') };
  const STEPS = ['pre-hook', 'order', 'install', 'deploy-hook', 'reload', 'verify'] as const;

  test.each(STEPS.flatMap((step) => (['before', 'after'] as const).map((moment) => ({ step, moment }))))(
    '$moment $step: the next run finishes the job',
    async (kill) => {
      await using s = await scene((reload) => ({ ...HOOKS, reload: reload! }));
      expect(await inWorker(s, kill)).toBeUndefined();
      const { old, fresh } = s;
      const between = await facts(s);
      for (const sha256 of [between.disk, ...between.served]) expect([old.sha256, fresh.sha256]).toContain(sha256);
      const told = await inWorker(s);
      expect(['renewed', 'resumed']).toContain(told?.result.kind);
      expect(await facts(s)).toEqual({ disk: fresh.sha256, served: [fresh.sha256, fresh.sha256] });
      // What was issued is not ordered again.
      const issued = !(kill.step === 'pre-hook' || (kill.step === 'order' && kill.moment === 'before'));
      expect(told?.orders).toBe(issued ? 0 : 1);
      expect((await inWorker(s))?.result.kind).toBe('not-due');
    },
  );

  test.each(['before', 'after'] as const)(
    '%s the old one is put back: the next run finishes the job',
    async (moment) => {
      await using s = await scene(() => ({ reload: words('false') }));
      expect(await inWorker(s, { step: 'put-back', moment }, 6_000)).toBeUndefined();
      const { disk } = await facts(s);
      expect(disk).toBe(moment === 'before' ? s.fresh.sha256 : s.old.sha256);
      const told = await inWorker(s, undefined, 6_000);
      expect(told).toMatchObject({ result: { kind: 'rolled-back' }, orders: 0 });
      expect(await facts(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
    },
  );
});

async function renew(renewal: Renewal, tools: Tools, ms = 8_000): Promise<RenewalResult> {
  const deadline = Deadline.after(ms);
  try {
    return await renewOne(renewal, tools, { deadline });
  } finally {
    deadline.release();
  }
}

describe('what fails', { timeout: 20_000 }, () => {
  const forgetful = (tools: Tools): Tools => ({ ...tools, now: () => Date.now() + 3_600_000 });

  test('a reload that hangs, ignores SIGTERM and has forked: put back within the time', async () => {
    await using s = await scene(() => ({
      reload: shell(`test "$CERTWATCH_PUT_BACK" && exit 0; trap "" TERM; (trap "" TERM; sleep 60) & sleep 60`),
      reloadTimeoutMs: 500,
    }));
    const { order } = orders(() => s.fresh);
    const result = await renew(s.renewal, { ...s.here.tools, order });
    expect(result).toMatchObject({
      kind: 'rolled-back',
      step: 'reload',
      restored: true,
      problem: { reason: 'reload-timeout' },
    });
    expect((await facts(s)).disk).toBe(s.old.sha256);
  });

  test('a deploy hook that fails: put back, and told so', async () => {
    await using s = await scene((reload) => ({
      reload: reload!,
      deployHook: shell(
        'echo "back: $CERTWATCH_PUT_BACK" >> "$CERTWATCH_LIVE/../deployed"; test "$CERTWATCH_PUT_BACK"',
      ),
    }));
    const { order } = orders(() => s.fresh);
    const result = await renew(s.renewal, { ...s.here.tools, order });
    expect(result).toMatchObject({ kind: 'rolled-back', step: 'deploy-hook', restored: true });
    expect(await readFile(s.here.folder.at('deployed'), 'utf8')).toBe('back: \nback: 1\n');
  });

  test('a pre-hook that fails: nothing is ordered', async () => {
    await using s = await scene(() => ({ preHook: shell('echo no; exit 3') }));
    const { order, jobs } = orders(() => s.fresh);
    const result = await renew(s.renewal, { ...s.here.tools, order });
    expect(result).toMatchObject({ kind: 'failed', step: 'pre-hook', problem: { output: 'no\n' } });
    expect(jobs).toEqual([]);
  });

  test('an order that fails: its words are kept, and so is "not before"', async () => {
    await using s = await scene();
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
    const first = await renew(s.renewal, { ...s.here.tools, order });
    expect(first).toMatchObject({
      kind: 'failed',
      step: 'order',
      problem: { reason: 'acme-rate-limited', notBefore },
      warnings: [{ reason: 'x' }],
    });
    const later = await renew(s.renewal, forgetful({ ...s.here.tools, order }));
    expect(later).toMatchObject({ kind: 'skipped-backoff', notBefore, problem: { reason: 'acme-rate-limited' } });
  });

  test('a certificate for other names: nothing is touched', async () => {
    await using s = await scene();
    const { order } = orders(() => s.here.issue({ sans: ['dns:other.example'] }));
    const result = await renew(s.renewal, { ...s.here.tools, order });
    expect(result).toMatchObject({ kind: 'failed', step: 'install', problem: { reason: 'names-missing' } });
    expect(await facts(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
  });

  test('the journal cannot be written: nothing is begun', async () => {
    await using s = await scene();
    await s.here.folder.write('state', 'a file');
    const { order, jobs } = orders(() => s.fresh);
    expect(await renew(s.renewal, { ...s.here.tools, order })).toMatchObject({
      kind: 'failed',
      problem: { reason: 'journal' },
    });
    expect(jobs).toEqual([]);
  });

  test('the journal cannot be written any more: before the switch nothing is touched, after it the job is finished', async () => {
    await using s = await scene();
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
    const first = await renew({ ...s.renewal, preHook: words('true') }, breaking('pre-hook'));
    expect(first).toMatchObject({ kind: 'failed', step: 'order', problem: { reason: 'journal' } });
    expect(jobs).toEqual([]);
    await rm(journal, { recursive: true });
    const before = await renew(s.renewal, breaking('order'));
    expect(before).toMatchObject({ kind: 'failed', step: 'install', problem: { reason: 'journal' } });
    expect(await facts(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
    await rm(journal, { recursive: true });
    const after = await renew(s.renewal, breaking('install'));
    expect(after).toMatchObject({ kind: 'renewed', warnings: [{ reason: 'journal' }] });
    expect(await facts(s)).toEqual({ disk: s.fresh.sha256, served: [s.fresh.sha256, s.fresh.sha256] });
  });

  test('nothing says where it is served: nothing is begun', async () => {
    await using s = await scene();
    const { order, jobs } = orders(() => s.fresh);
    const result = await renew({ ...s.renewal, targets: [] }, { ...s.here.tools, order });
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
    const first = await renew(
      here.renewal({ by: BY_ACME, live, reload: words('false') }),
      { ...here.tools, order },
      4_000,
    );
    expect(first).toMatchObject({ kind: 'not-served', step: 'reload', noWayBack: 'nothing-before' });
    const copy = shell(`cp ${live}/*.pem ${here.live}/ && kill -HUP ${server.pid}`);
    const second = await renew(here.renewal({ by: BY_ACME, live, reload: copy }), forgetful({ ...here.tools, order }));
    expect(second).toMatchObject({ kind: 'resumed', reasons: [{ code: 'not-proven' }] });
    expect(jobs).toHaveLength(1);
  });

  test('an old one that has expired is not put back', async () => {
    await using here = await stage();
    await here.writeSet(here.live, here.issue({ ageDays: 100 }));
    await here.serve();
    const { order } = orders(() => here.issue());
    const result = await renew(here.renewal({ by: BY_ACME, reload: words('false') }), { ...here.tools, order });
    expect(result).toMatchObject({ kind: 'not-served', noWayBack: 'old-one-useless' });
  });

  test('an address that nobody answered at before is no reason to go back, and is told', async () => {
    await using s = await scene();
    const [first] = s.renewal.targets;
    if (first?.kind !== 'endpoint') throw new Error('no target');
    const targets = [...s.renewal.targets, { ...first, name: 'silent', host: '127.0.0.9' }];
    const { order } = orders(() => s.fresh);
    const alone = await renew({ ...s.renewal, targets }, { ...s.here.tools, order }, 4_000);
    // A target of which no address serves it is not renewed.
    expect(alone).toMatchObject({ kind: 'rolled-back', step: 'verify' });
  });

  test('the run is ended in the middle: no failure, and the next run goes on at once', async () => {
    await using s = await scene();
    const deadline = Deadline.after(8_000);
    const { order, jobs } = orders(() => s.fresh);
    const reload = shell('sleep 30');
    const tools: Tools = {
      ...s.here.tools,
      order,
      checkpoint: async (step) => void (step === 'reload' && setTimeout(() => deadline.expire(), 100)),
    };
    const first = await renewOne({ ...s.renewal, reload }, tools, { deadline });
    expect(first).toMatchObject({ kind: 'not-served', problem: { reason: 'interrupted' }, noWayBack: 'interrupted' });
    const second = await renew(s.renewal, { ...s.here.tools, order });
    expect(second).toMatchObject({ kind: 'resumed' });
    expect(jobs).toHaveLength(1);
  });

  test('good on disk, another one served: reloaded', async () => {
    await using s = await scene();
    await s.here.writeSet(s.here.live, s.fresh);
    const result = await renew(s.renewal, s.here.tools);
    expect(result).toMatchObject({
      kind: 'resumed',
      reasons: [{ code: 'served-differs' }],
      served: [{ serves: 'new' }, { serves: 'new' }],
    });
  });

  test('a command that leaves a key of another certificate is told, with what it printed', async () => {
    await using s = await scene();
    const other = s.here.issue();
    await s.here.folder.write('fresh/privkey.pem', other.keyPem);
    await s.here.folder.write('fresh/fullchain.pem', s.fresh.chainPem);
    const command = shell(`echo copied; cp ${s.here.folder.at('fresh')}/*.pem "$CERTWATCH_LIVE/"`);
    const result = await renew({ ...s.renewal, by: { kind: 'command', command } }, s.here.tools);
    expect(result).toMatchObject({
      kind: 'failed',
      step: 'order',
      problem: { reason: 'key-mismatch', output: 'copied\n' },
    });
  });

  test('a command without a live folder: the servers tell', async () => {
    await using s = await scene();
    await s.here.writeSet(s.here.folder.at('fresh'), s.fresh);
    const pid = s.renewal.reload?.words.at(-1);
    const command = shell(`cp ${s.here.folder.at('fresh')}/*.pem ${s.here.live}/; kill -HUP ${pid}`);
    const { live: _live, reload: _reload, ...renewal } = s.renewal;
    const result = await renew({ ...renewal, by: { kind: 'command', command } }, s.here.tools);
    expect(result).toMatchObject({ kind: 'renewed', certificate: { sha256: s.fresh.sha256 } });
  });

  test.skipIf(process.getuid?.() === 0)('a folder that may not be written to: nothing is touched', async () => {
    await using s = await scene();
    await mkdir(s.here.live, { recursive: true });
    await chmod(s.here.live, 0o500);
    const { order } = orders(() => s.fresh);
    const result = await renew(s.renewal, { ...s.here.tools, order });
    await chmod(s.here.live, 0o700);
    expect(result).toMatchObject({ kind: 'failed', step: 'install', problem: { reason: 'no-permission' } });
  });
});
