/**
 * Killed before and after each step, and the next run finishes the job. In between the live set is whole, old or new, and
 * what is served is one of the two.
 */
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { type DueScene, dueScene, factsOf, RenewalWorker } from '../support/renew/due-scene.ts';
import { shell, words } from '../support/renew/stage.ts';

let worker: RenewalWorker;
beforeAll(async () => {
  worker = await RenewalWorker.build();
});
afterAll(() => worker[Symbol.asyncDispose]());

const HOOKS = { preHook: words('true'), deployHook: words('true') };
const STEPS = ['plan', 'pre-hook', 'order', 'install', 'deploy-hook', 'reload', 'verify'] as const;
const KILLS = STEPS.flatMap((step) => (['before', 'after'] as const).map((moment) => ({ step, moment })));

/** Whole, and one of the two. */
async function oldOrNew(s: DueScene): Promise<void> {
  const { disk, served } = await factsOf(s);
  for (const sha256 of [disk, ...served]) expect([s.old.sha256, s.fresh.sha256]).toContain(sha256);
}

describe('killed with SIGKILL', { timeout: 30_000 }, () => {
  test.each(KILLS)('$moment $step: the next run finishes the job', async (kill) => {
    await using s = await dueScene((reload) => ({ ...HOOKS, reload: reload! }));
    expect(await worker.run(s, { kill })).toBeUndefined();
    await oldOrNew(s);
    const told = await worker.run(s);
    expect(['renewed', 'resumed']).toContain(told?.result.kind);
    const { fresh } = s;
    expect(await factsOf(s)).toEqual({ disk: fresh.sha256, served: [fresh.sha256, fresh.sha256] });
    // What was issued is not ordered again.
    const { step, moment } = kill;
    const issued = !(['plan', 'pre-hook'].includes(step) || (step === 'order' && moment === 'before'));
    expect(told?.orders).toBe(issued ? 0 : 1);
    expect((await worker.run(s))?.result.kind).toBe('not-due');
  });

  test.each(['before', 'after'] as const)(
    '%s the old one is put back: the next run finishes the job',
    async (moment) => {
      await using s = await dueScene(() => ({ reload: words('false') }));
      expect(await worker.run(s, { kill: { step: 'put-back', moment }, ms: 6_000 })).toBeUndefined();
      const { disk } = await factsOf(s);
      expect(disk).toBe(moment === 'before' ? s.fresh.sha256 : s.old.sha256);
      const told = await worker.run(s, { ms: 6_000 });
      expect(told).toMatchObject({ result: { kind: 'rolled-back' }, orders: 0 });
      expect(await factsOf(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
    },
  );

  test('while the server is told of the old one: mended, the next run finishes the job', async () => {
    await using s = await dueScene((reload, { folder }) => {
      const good = `test -e ${folder.at('mended')} && exec ${reload!.words.join(' ')}`;
      // The first time it fails; the second time, with the old one back in place, it ends the run.
      return { reload: shell(`${good}; test "$CERTWATCH_PUT_BACK" && kill -KILL $PPID; exit 1`) };
    });
    expect(await worker.run(s, { ms: 6_000 })).toBeUndefined();
    expect((await factsOf(s)).disk).toBe(s.old.sha256);
    await s.here.folder.write('mended', '');
    expect(await worker.run(s)).toMatchObject({ result: { kind: 'renewed' }, orders: 0 });
    const { fresh } = s;
    expect(await factsOf(s)).toEqual({ disk: fresh.sha256, served: [fresh.sha256, fresh.sha256] });
  });

  test('between the switch and the PKCS#12 file: the next run writes that, too', async () => {
    await using s = await dueScene((reload, { folder }) => ({
      reload: reload!,
      pkcs12: { file: folder.at('www.p12'), password: new Secret('secret') },
    }));
    expect(await worker.run(s, { kill: { step: 'install', moment: 'after' } })).toBeUndefined();
    await rm(s.here.folder.at('www.p12'));
    expect(await worker.run(s)).toMatchObject({ result: { kind: 'resumed', warnings: [] }, orders: 0 });
    const args = ['pkcs12', '-in', s.here.folder.at('www.p12'), '-passin', 'pass:secret', '-nokeys', '-clcerts'];
    expect(execFileSync('openssl', args).toString()).toContain(s.fresh.pem);
  });
});
