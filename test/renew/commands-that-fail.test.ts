/**
 * Hooks, an existing client and reloads that fail in every way, at each step that runs a command: nothing of them is left
 * running, the old set is whole and served, and once it is mended the next run finishes the job.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readProcess } from '../../src/files/proc.ts';
import type { Renewal } from '../../src/renew/renewal.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { dueScene, factsOf, renewHere } from '../support/renew/due-scene.ts';
import { orders, shell, words } from '../support/renew/stage.ts';
import type { TempFolder } from '../support/temp-folder.ts';

const STEPS = ['pre-hook', 'order', 'deploy-hook', 'reload', 'put-back'] as const;
type Step = (typeof STEPS)[number];

/** What a command does until it is mended: it says its process number, and that of what it forks. */
const FAULTS: Readonly<Record<string, (pids: string) => string>> = {
  'ends with exit status 3': () => 'echo no; exit 3',
  'is killed': (pids) => `echo $$ >> ${pids}; kill -KILL $$`,
  'hangs, ignores SIGTERM and has forked': (pids) =>
    `trap "" TERM; (trap "" TERM; sh -c 'echo $PPID' >> ${pids}; exec sleep 300) & echo $$ >> ${pids}; wait; sleep 300`,
};

/** A renewal whose command at this step has a fault, until there is a file `mended`. */
function faulty(step: Step, fault: string, { folder, reload }: { folder: TempFolder; reload: Renewal['reload'] }) {
  const till = (then: string) => shell(`test -e ${folder.at('mended')} && { ${then}; exit; }; ${fault}`);
  const good = reload!.words.join(' ');
  switch (step) {
    case 'pre-hook':
      return { reload: reload!, preHook: till('true') };
    case 'order': {
      const command = till(`cp ${folder.at('issues')}/*.pem "$CERTWATCH_LIVE/"`);
      return { reload: reload!, by: { kind: 'command', command } } as const;
    }
    case 'deploy-hook':
      return { reload: reload!, deployHook: till('true') };
    case 'reload':
      return { reload: till(good), reloadTimeoutMs: 1_000 };
    case 'put-back': {
      // The first reload just fails.
      const back = `test "$CERTWATCH_PUT_BACK" || exit 1; ${fault}`;
      return { reload: shell(`test -e ${folder.at('mended')} && exec ${good}; ${back}`), reloadTimeoutMs: 1_000 };
    }
  }
}

/** An hour later, when the wait after a failure is over. */
const later = (tools: Tools): Tools => ({ ...tools, now: () => Date.now() + 3_600_000 });

/** Waits for it: the test's own limit is the end. */
async function nothingRuns({ folder }: { folder: TempFolder }): Promise<void> {
  const pids = await readFile(folder.at('pids'), 'utf8').catch(() => '');
  for (const pid of pids.split('\n').filter(Boolean).map(Number)) {
    while ((await readProcess(pid)) !== undefined) await pause(20);
  }
}

// Those that hang are waited for all at once; each has time enough for that to be no race.
describe.concurrent.each(Object.entries(FAULTS))('a command that %s', { timeout: 60_000 }, (_, fault) => {
  test.for(STEPS)('%s', async (step, { expect }) => {
    await using s = await dueScene((reload, { folder }) => faulty(step, fault(folder.at('pids')), { folder, reload }));
    const { order } = orders(() => s.fresh);
    const tools: Tools = { ...s.here.tools, order };
    const result = await renewHere(s.renewal, tools, 15_000);
    const back = { kind: 'rolled-back', restored: true, step: step === 'put-back' ? 'reload' : step };
    const touched = step !== 'pre-hook' && step !== 'order';
    expect(result).toMatchObject(touched ? back : { kind: 'failed', step });
    await nothingRuns(s.here);
    expect(await factsOf(s)).toEqual({ disk: s.old.sha256, served: [s.old.sha256, s.old.sha256] });
    await s.here.folder.write('mended', '');
    expect(await renewHere(s.renewal, later(tools))).toMatchObject({ kind: 'renewed' });
    expect(await factsOf(s)).toEqual({ disk: s.fresh.sha256, served: [s.fresh.sha256, s.fresh.sha256] });
  });
});

test('what it printed is told, and how it ended', async () => {
  await using s = await dueScene(() => ({ preHook: shell('echo no; exit 3') }));
  const { order, jobs } = orders(() => s.fresh);
  expect(await renewHere(s.renewal, { ...s.here.tools, order })).toMatchObject({
    kind: 'failed',
    step: 'pre-hook',
    problem: { reason: 'pre-hook-failed', output: 'no\n' },
  });
  expect(jobs).toEqual([]);
});

test('the deploy hook runs again on the way back, and is told so', async () => {
  await using s = await dueScene((_, { folder }) => ({
    reload: words('false'),
    deployHook: shell(`echo "back: $CERTWATCH_PUT_BACK" >> ${folder.at('deployed')}`),
  }));
  const { order } = orders(() => s.fresh);
  const result = await renewHere(s.renewal, { ...s.here.tools, order });
  expect(result).toMatchObject({ kind: 'rolled-back', step: 'reload', restored: true });
  expect(await readFile(s.here.folder.at('deployed'), 'utf8')).toBe('back: \nback: 1\n');
});
