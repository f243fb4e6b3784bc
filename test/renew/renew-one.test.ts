/**
 * The closed loop on one certificate, with a real server that reads the live folder and reloads on a signal.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RenewalResult } from '../../src/model/renewal.ts';
import { renewOne } from '../../src/renew/renew-one.ts';
import type { Renewal } from '../../src/renew/renewal.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { BY_ACME, orders, type Stage, shell, stage } from '../support/renew/stage.ts';

async function renew(
  renewal: Renewal,
  tools: Tools,
  options: { force?: boolean; ms?: number } = {},
): Promise<RenewalResult> {
  const deadline = Deadline.after(options.ms ?? 8_000);
  try {
    return await renewOne(renewal, tools, { deadline, force: options.force ?? false });
  } finally {
    deadline.release();
  }
}

/** A set that is due, in the live folder and served. */
async function dueStage(over: Partial<Tools> = {}): Promise<Stage> {
  const here = await stage(over);
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  return here;
}

test('an existing client renews, the server is reloaded, both addresses serve the new certificate', async () => {
  await using here = await dueStage();
  const fresh = here.issue();
  await here.writeSet(here.folder.at('fresh'), fresh);
  const server = await here.serve();
  const command = shell(`cp ${here.folder.at('fresh')}/*.pem "$CERTWATCH_LIVE/"`);
  const result = await renew(here.renewal({ by: { kind: 'command', command }, reload: server.reload }), here.tools);
  expect(result).toMatchObject({
    kind: 'renewed',
    certificate: { sha256: fresh.sha256 },
    served: [{ serves: 'new' }, { serves: 'new' }],
    warnings: [],
  });
});

test('a key is certified again where it is to be kept, but not one of another kind than is wanted', async () => {
  await using here = await dueStage();
  const fresh = here.issue();
  const server = await here.serve();
  const { order, jobs } = orders(() => fresh);
  const by = { ...BY_ACME, reuseKey: true };
  const tools = { ...here.tools, order };
  await renew(here.renewal({ by, reload: server.reload }), tools);
  const other = { ...by, keyType: 'rsa2048', keyTypeGiven: true } as const;
  const result = await renew(here.renewal({ by: other, reload: server.reload }), tools);
  expect(jobs.map(({ key }) => key)).toEqual([
    { kind: 'reuse', file: join(here.live, 'privkey.pem') },
    { kind: 'new', type: 'rsa2048' },
  ]);
  expect(result.warnings).toMatchObject([{ reason: 'key-not-reused', detail: expect.stringContaining('rsa2048') }]);
});

test('the built-in client orders, the four names switch, both addresses serve the new certificate', async () => {
  await using here = await dueStage();
  const fresh = here.issue();
  const server = await here.serve();
  const { order, jobs } = orders(() => fresh);
  const result = await renew(here.renewal({ by: BY_ACME, reload: server.reload }), { ...here.tools, order });
  expect(result).toMatchObject({ kind: 'renewed', certificate: { sha256: fresh.sha256 }, warnings: [] });
  expect(jobs).toHaveLength(1);
  const again = await renew(here.renewal({ by: BY_ACME, reload: server.reload }), { ...here.tools, order });
  expect(again).toMatchObject({ kind: 'not-due', certificate: { sha256: fresh.sha256 } });
});

test('of an order that is in use nothing is kept but the note of a challenge that could not be taken back', async () => {
  await using here = await dueStage();
  const server = await here.serve();
  const { order, jobs } = orders(() => here.issue());
  const leaving: Tools['order'] = async (job, call) => {
    const result = await order(job, call);
    await writeFile(join(job.outDir, 'clean-up.json'), '[]');
    return result;
  };
  const tools = { ...here.tools, order: leaving };
  const result = await renew(here.renewal({ by: BY_ACME, reload: server.reload }), tools);
  expect(result).toMatchObject({ kind: 'renewed' });
  expect(await readdir(jobs[0]?.outDir ?? '')).toEqual(['clean-up.json']);
});

test('a server that does not take it up: the old one is put back, and served', async () => {
  await using here = await dueStage();
  await here.serve();
  const { order, jobs } = orders(() => here.issue());
  const renewal = here.renewal({ by: BY_ACME, reload: shell('true') });
  const result = await renew(renewal, { ...here.tools, order }, { ms: 4_000 });
  expect(result).toMatchObject({
    kind: 'rolled-back',
    step: 'verify',
    restored: true,
    problem: { reason: 'not-served' },
  });
  expect(jobs).toHaveLength(1);
});
