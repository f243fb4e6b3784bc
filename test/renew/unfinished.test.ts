/**
 * What was asked for, failed or was killed: what the next run does about it, and what `--status` says before that.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certIdOf } from '../../src/renew/acme/ari.ts';
import type { AcmeResult } from '../../src/renew/acme/job.ts';
import { planOnly } from '../../src/renew/dry-run.ts';
import type { Renewal } from '../../src/renew/renewal.ts';
import { renewStatus } from '../../src/renew/status.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { renderRenewalStatus } from '../../src/report/renewal-status-text.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';
import { type DueScene, dueScene, factsOf, RenewalWorker, renewHere } from '../support/renew/due-scene.ts';
import { BY_ACME, orders, shell } from '../support/renew/stage.ts';

const DAY = 86_400_000;

/** A certificate that is not due, in place and served. */
const freshScene = () => dueScene(undefined, { ageDays: 1 });

async function statusOf({ here, renewal }: DueScene, now = Date.now()) {
  const statuses = await renewStatus([renewal], { state: here.tools.state, now });
  const text = renderRenewalStatus(statuses, { verbose: false, quiet: false, color: false, columns: 200, now });
  return { status: statuses[0]!, text };
}

const failing = async (): Promise<AcmeResult> => ({
  ok: false,
  step: 'order',
  reason: 'acme-rate-limited',
  detail: 'too many',
  advice: 'wait-until',
  notBefore: Date.now() + DAY,
  warnings: [],
});

const ordersOf = ({ here }: DueScene) => readdir(here.folder.at('state/orders/www')).catch(() => []);

test('asked for, and failed: it is told, and nothing is tried again of what is not due', async () => {
  await using s = await freshScene();
  const tools: Tools = { ...s.here.tools, order: failing };
  expect(await renewHere(s.renewal, tools, 8_000, { force: true })).toMatchObject({ kind: 'failed', step: 'order' });
  const { status, text } = await statusOf(s);
  expect(status).toMatchObject({ next: 'none', last: { outcome: 'failed', failures: 1 } });
  expect(status.last).not.toHaveProperty('notBefore');
  expect(text).toContain('acme-rate-limited: too many');
  expect(text).not.toContain('next');
  expect(await renewHere(s.renewal, s.here.tools)).toMatchObject({ kind: 'not-due' });
});

test('due, failed, and the CA wants to be left alone: the same moment in status as in the run', async () => {
  await using s = await dueScene();
  const tools: Tools = { ...s.here.tools, order: failing };
  await renewHere(s.renewal, tools);
  const { status, text } = await statusOf(s);
  const waiting = await renewHere(s.renewal, tools);
  expect(waiting.kind).toBe('skipped-backoff');
  expect(status).toMatchObject({ next: 'wait', last: { notBefore: 'notBefore' in waiting && waiting.notBefore } });
  expect(text).toMatch(/FAILED {2}1\n[\s\S]*next try from \d{4}-/);
});

describe('asked for, and killed', { timeout: 20_000 }, () => {
  let worker: RenewalWorker;
  beforeAll(async () => {
    worker = await RenewalWorker.build();
  });
  afterAll(() => worker[Symbol.asyncDispose]());

  test.each([
    ['during', 1],
    ['after', 0],
  ] as const)('%s the order: the next run goes on, and nothing of the order stays', async (moment, ordered) => {
    await using s = await freshScene();
    expect(await worker.run(s, { kill: { step: 'order', moment }, force: true })).toBeUndefined();
    expect(await ordersOf(s)).toHaveLength(1);
    expect((await statusOf(s)).status.reasons).toMatchObject([{ code: 'unfinished' }]);
    const told = await worker.run(s);
    expect(told).toMatchObject({ result: { kind: 'renewed', reasons: [{ code: 'unfinished' }] }, orders: ordered });
    expect(await ordersOf(s)).toEqual([]);
    expect((await factsOf(s)).served).toEqual([s.fresh.sha256, s.fresh.sha256]);
    expect((await worker.run(s))?.result.kind).toBe('not-due');
  });

  test('again and again: no failure of what is due later', async () => {
    await using s = await freshScene();
    for (const _ of [1, 2, 3]) await worker.run(s, { kill: { step: 'order', moment: 'during' }, force: true });
    expect((await statusOf(s)).status).toMatchObject({ next: 'renew', last: { failures: 0 } });
  });

  test('… by itself: then it waits', async () => {
    await using s = await freshScene();
    await worker.run(s, { kill: { step: 'order', moment: 'during' }, force: true });
    for (const _ of [1, 2]) await worker.run(s, { kill: { step: 'order', moment: 'during' } });
    expect((await worker.run(s))?.result).toMatchObject({ kind: 'skipped-backoff', reasons: [{ code: 'unfinished' }] });
  });
});

test('asked for, and put back: installed again at the next run, without an order', async () => {
  await using s = await freshScene();
  await s.here.folder.write('reload', 'exit 1');
  const reload = shell(`. ${s.here.folder.at('reload')}`);
  const { order, jobs } = orders(() => s.fresh);
  const tools: Tools = { ...s.here.tools, order };
  const renewal = { ...s.renewal, reload };
  const asked = await renewHere(renewal, tools, 8_000, { force: true });
  expect(asked).toMatchObject({ kind: 'rolled-back', step: 'reload' });
  expect(await statusOf({ ...s, renewal })).toMatchObject({ status: { next: 'install' } });
  await s.here.folder.write('reload', `kill -HUP ${s.server.pid}`);
  expect(await renewHere(renewal, tools)).toMatchObject({ kind: 'renewed', reasons: [{ code: 'unfinished' }] });
  expect(jobs).toHaveLength(1);
});

test('what an attempt has left that has come to its end goes when nothing is due', async () => {
  await using s = await freshScene();
  await s.here.folder.write('state/orders/www/0123456789ab/privkey.pem', 'a key');
  await renewHere(s.renewal, { ...s.here.tools, order: failing }, 8_000, { force: true });
  expect(await ordersOf(s)).toHaveLength(1);
  expect(await renewHere(s.renewal, s.here.tools)).toMatchObject({ kind: 'not-due' });
  expect(await ordersOf(s)).toEqual([]);
});

test('the time was over: it is written down with its reason, and counts', async () => {
  await using s = await dueScene();
  const order: Tools['order'] = async (_, { deadline }) => {
    await new Promise<void>((resolve) => deadline.onExpire(resolve));
    // The child takes its time to be killed.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return { ok: false, step: 'order', reason: 'timeout', detail: 'x', advice: 'raise-timeout', warnings: [] };
  };
  const result = await renewHere(s.renewal, { ...s.here.tools, order }, 1_000);
  expect(result).toMatchObject({ kind: 'failed', problem: { reason: 'timeout' } });
  const { status, text } = await statusOf(s);
  expect(status.last).toMatchObject({ outcome: 'failed', step: 'order', problem: { reason: 'timeout' }, failures: 1 });
  expect(text).not.toContain('has not come to an end');
});

describe('what the CA has said of when to renew', () => {
  test('counts in a dry run and in the status, too', async () => {
    await using s = await freshScene();
    const leaf = parseCertificate(s.old.der);
    const renewal: Renewal = { ...s.renewal, by: { ...BY_ACME, ari: true } };
    const advice = {
      certId: leaf.ok && certIdOf(leaf.value),
      directory: BY_ACME.authority.url,
      renewAt: Date.now() - DAY,
      explanationURL: 'https://ca.example/why',
      askAgainAt: 0,
    };
    const path = await s.here.folder.write('state/renewals/www.ari.json', JSON.stringify(advice));
    const reasons = [{ code: 'ari', renewAt: advice.renewAt, explanationURL: advice.explanationURL }];
    expect(await planOnly(renewal, s.here.tools)).toMatchObject({ kind: 'planned', action: 'renew', reasons });
    const scene = { ...s, renewal };
    expect((await statusOf(scene)).status).toMatchObject({ next: 'renew', reasons });
    expect((await statusOf(scene)).text).toContain('https://ca.example/why');
    // Of another certificate, or by another CA.
    await writeFile(path, JSON.stringify({ ...advice, directory: 'https://other.example/' }));
    expect(await planOnly(renewal, s.here.tools)).toMatchObject({ kind: 'not-due' });
    await writeFile(path, JSON.stringify({ ...advice, certId: 'a.b' }));
    expect((await statusOf(scene)).status).toMatchObject({ next: 'none' });
  });
});
