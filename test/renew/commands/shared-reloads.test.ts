/**
 * One reload for all that want the very same at the same time: real commands that leave a line for each run.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Command } from '../../../src/config/schema-values.ts';
import type { RenewalProblem } from '../../../src/model/renewal.ts';
import type { Result } from '../../../src/model/result.ts';
import { SharedReloads } from '../../../src/renew/commands/shared-reloads.ts';
import type { Renewal } from '../../../src/renew/renewal.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { shell, stage } from '../../support/renew/stage.ts';

async function bench() {
  const here = await stage();
  const reloads = new SharedReloads(here.tools);
  const lines = async () => {
    const text = await readFile(here.folder.at('runs'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  };
  return {
    /** Says what it is for, and takes as long as `rest` does. */
    command: (rest = 'true') => shell(`env | grep ^CERT.*_NAME= >> ${here.folder.at('runs')}; ${rest}`),
    renewal: (name: string, reload: Command, more: Partial<Renewal> = {}) =>
      here.renewal({ name, domains: [`${name}.example`], reload, ...more }),
    reload: (renewal: Renewal, over: { timeoutMs?: number; puttingBack?: boolean; deadline?: Deadline } = {}) =>
      reloads.run({
        renewal,
        command: renewal.reload!,
        puttingBack: false,
        deadline: Deadline.none(),
        timeoutMs: 10_000,
        ...over,
      }),
    reloads,
    /** The runs so far, by the names that each was for. */
    runs: async () => (await lines()).map((line) => line.replace('CERTWATCH_NAME=', '')),
    at: here.folder.at,
    [Symbol.asyncDispose]: () => here[Symbol.asyncDispose](),
  };
}

const started = async (runs: () => Promise<readonly string[]>, count: number) => {
  while ((await runs()).length < count) await pause(10);
};

test('while it runs, all who come wait for one more', async () => {
  await using b = await bench();
  const command = b.command(`until test -e ${b.at('go')}; do sleep 0.02; done`);
  const first = b.reload(b.renewal('a', command));
  await started(b.runs, 1);
  const others = ['b', 'c', 'd'].map((name) => b.reload(b.renewal(name, command)));
  await writeFile(b.at('go'), '');
  for (const each of [first, ...others]) expect(await each).toMatchObject({ ok: true });
  expect(await b.runs()).toEqual(['a', 'b c d']);
});

test('those that are under way are waited for, but not for long', async () => {
  await using b = await bench();
  const command = b.command();
  const [one, two, slow] = ['a', 'b', 'slow'].map((name) => b.renewal(name, command));
  const over = [one!, two!, slow!].map((renewal) => b.reloads.expect(renewal));
  await Promise.all([b.reload(one!), pause(50).then(() => b.reload(two!))]);
  expect(await b.runs()).toEqual(['a b']);
  // The slow one has failed by now, and nobody waits for it.
  over[2]!();
  const last = b.renewal('c', command);
  b.reloads.expect(last);
  await b.reload(last);
  expect(await b.runs()).toEqual(['a b', 'c']);
});

test('not what differs: words, environment, the way, or a word of what it is for', async () => {
  await using b = await bench();
  const command = b.command('sleep 0.2');
  const own = shell(`echo $CERTWATCH_NAME >> ${b.at('runs')}; sleep 0.2`);
  await Promise.all([
    b.reload(b.renewal('a', command)),
    b.reload(b.renewal('b', b.command('sleep 0.3'))),
    b.reload(b.renewal('c', command, { environment: { X: '1' } })),
    b.reload(b.renewal('d', command), { puttingBack: true }),
    b.reload(b.renewal('e', own)),
    b.reload(b.renewal('f', own)),
  ]);
  expect((await b.runs()).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('one that fails has failed for all; the next run of it may go well', async () => {
  await using b = await bench();
  const mended = b.at('mended');
  const command = b.command(`sleep 0.2; test -e ${mended} && exit 0; touch ${mended}; echo no; exit 1`);
  const renewals = ['a', 'b'].map((name) => b.renewal(name, command));
  for (const renewal of renewals) b.reloads.expect(renewal);
  const problem = { reason: 'reload-failed', output: 'no\n' };
  const failed = { ok: false, error: problem };
  expect(await Promise.all(renewals.map((renewal) => b.reload(renewal)))).toMatchObject([failed, failed]);
  expect(await b.reload(b.renewal('c', command))).toMatchObject({ ok: true });
  expect(await b.runs()).toEqual(['a b', 'c']);
});

test('who has no time any more is told, and it goes on for the others; with nobody left it is ended', async () => {
  await using b = await bench();
  const command = b.command('sleep 0.6');
  const [hasty, patient] = ['a', 'b'].map((name) => b.renewal(name, command));
  for (const renewal of [hasty!, patient!]) b.reloads.expect(renewal);
  const settled: string[] = [];
  const note = (name: string) => (result: Result<string, RenewalProblem>) => {
    settled.push(name);
    return result;
  };
  const [first, second] = await Promise.all([
    b.reload(hasty!, { timeoutMs: 200 }).then(note('a')),
    b.reload(patient!).then(note('b')),
  ]);
  expect(first).toMatchObject({
    ok: false,
    error: { reason: 'reload-timeout', detail: expect.stringContaining('others still wait') },
  });
  expect(second).toMatchObject({ ok: true });
  expect(settled).toEqual(['a', 'b']);
  const deadline = Deadline.none();
  const hanging = b.reload(b.renewal('c', shell('sleep 300')), { deadline });
  deadline.expire();
  expect(await hanging).toMatchObject({ ok: false, error: { reason: 'reload-timeout' } });
});
