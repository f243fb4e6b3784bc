/**
 * A renewal is done when every configured place serves it: with real servers of which one does not take it up, is down, or
 * comes up again; and what the report says of each.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { RenewalResult } from '../../src/model/renewal.ts';
import type { Target } from '../../src/model/target.ts';
import type { Renewal } from '../../src/renew/renewal.ts';
import { exitCodeOf } from '../../src/renew/run-renewals.ts';
import { renewStatus } from '../../src/renew/status.ts';
import { renderRenewals } from '../../src/report/renewal-text.ts';
import { parseTarget } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { dueScene, factsOf, renewHere } from '../support/renew/due-scene.ts';
import { NAME, orders, type Stage, shell, startServer } from '../support/renew/stage.ts';

/** The name of the certificate, at another place: what several machines behind one name look like in a config. */
function placed(dial: string): Target {
  const parsed = parseTarget(`${NAME}:443 connect-to=${dial} trust=none`, {
    origin: 'test',
    defaults: { ...DEFAULT_SETTINGS, allAddresses: true, retries: 0, timeoutMs: 2_000 },
  });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const placesOf = ({ ports }: Stage): string[] => ports.map((port, i) => `127.0.0.${(i % 2) + 1}:${port}`);

const codeOf = (result: RenewalResult): number => exitCodeOf([result], { interrupted: false });

function textOf(result: RenewalResult): string {
  const outcome = { exitCode: 2, startedAt: 0, finishedAt: 0, deadlineReached: false, interrupted: false } as const;
  const options = { verbose: false, quiet: false, color: false, columns: 200, now: 0 };
  return renderRenewals({ ...outcome, results: [result], notes: [] }, options);
}

/** Counts its runs, too. */
const counting = (folder: Stage['folder'], reload: Renewal['reload']) =>
  shell(`echo reload >> ${folder.at('reloads')}; ${reload?.words.join(' ')}`);

const reloads = async ({ folder }: Stage): Promise<number> =>
  (await readFile(folder.at('reloads'), 'utf8').catch(() => '')).split('\n').length - 1;

test('two places of one name, of which one keeps the old one: not done, and put back', async () => {
  await using s = await dueScene((reload) => ({ reload: reload!, timeoutMs: 5_000 }));
  // A server of its own, which nobody tells.
  await s.here.serve(['127.0.0.1']);
  const { order } = orders(() => s.fresh);
  const [first, , third] = placesOf(s.here);
  const targets = [placed(first!), placed(third!)];
  const result = await renewHere({ ...s.renewal, targets }, { ...s.here.tools, order }, 5_000);
  expect(result).toMatchObject({
    kind: 'rolled-back',
    step: 'verify',
    problem: { detail: '1 of 2 addresses did not serve the new certificate before the time was up' },
    served: [
      { target: `${NAME}:443 connect-to=${first}`, serves: 'new' },
      { target: `${NAME}:443 connect-to=${third}`, serves: 'old' },
    ],
    restored: true,
  });
  expect(codeOf(result)).toBe(2);
});

test('a place that is down, before and after: the new one stays, exit status 2; then it comes up, and it is done', async () => {
  await using s = await dueScene((reload, { folder }) => ({ reload: counting(folder, reload) }));
  const down = await s.here.serve(['127.0.0.1']);
  await down.stop();
  const [first, second, third] = placesOf(s.here);
  const renewal = { ...s.renewal, targets: [first, second, third].map((place) => placed(place!)) };
  const { order, jobs } = orders(() => s.fresh);
  const tools = { ...s.here.tools, order };
  const partly = await renewHere(renewal, tools);
  const silent = `1 of 3 addresses answered neither before it was installed nor since: 127.0.0.1 of ${NAME}:443 connect-to=${third}`;
  expect(partly).toMatchObject({
    kind: 'partly-served',
    certificate: { sha256: s.fresh.sha256 },
    problem: { reason: 'address-silent', detail: silent },
    served: [{ serves: 'new' }, { serves: 'new' }, { serves: 'unknown', failure: 'connect-failed: refused' }],
  });
  expect(codeOf(partly)).toBe(2);
  expect(textOf(partly)).toMatch(/NOT SERVED EVERYWHERE {2}1\n {2}www {2}until .*, served at 2 addresses, and not/);
  expect(textOf(partly)).toContain(silent);
  expect((await factsOf(s)).disk).toBe(s.fresh.sha256);
  // Nothing is ordered or reloaded for it again, but it is not forgotten either.
  const again = await renewHere(renewal, tools);
  expect(again).toMatchObject({ kind: 'partly-served', reasons: [{ code: 'partly-served' }] });
  expect(codeOf(again)).toBe(2);
  const up = await startServer(s.here.live, [third!]);
  const done = await renewHere(renewal, tools);
  await up.stop();
  expect(done).toMatchObject({ kind: 'resumed', served: [{ serves: 'new' }, { serves: 'new' }, { serves: 'new' }] });
  expect({ orders: jobs.length, reloads: await reloads(s.here) }).toEqual({ orders: 1, reloads: 1 });
});

test('… it comes up with the old one: reloaded', async () => {
  await using s = await dueScene();
  await s.here.writeSet(s.here.folder.at('old-live'), s.old);
  const down = await s.here.serve(['127.0.0.1']);
  await down.stop();
  const [first, second, third] = placesOf(s.here);
  const renewal = { ...s.renewal, targets: [first, second, third].map((place) => placed(place!)) };
  const { order } = orders(() => s.fresh);
  const tools = { ...s.here.tools, order };
  expect(await renewHere(renewal, tools)).toMatchObject({ kind: 'partly-served' });
  const live = s.here.folder.at('old-live');
  const up = await startServer(live, [third!]);
  const reload = shell(`cp -L ${s.here.live}/*.pem ${live}/ && kill -HUP ${up.pid}`);
  const done = await renewHere({ ...renewal, reload }, tools);
  await up.stop();
  expect(done).toMatchObject({ kind: 'resumed', reasons: [{ code: 'served-differs' }] });
});

test('put back, and still served: what each address serves after that is called by its right name', async () => {
  await using s = await dueScene((reload, { live }) => {
    // It makes the server take up what is there, waits until it has, and fails; on the way back it does nothing.
    const takeUp = `${reload?.words.join(' ')}; until test -e ${live}.reloaded; do sleep 0.02; done`;
    return { reload: shell(`test "$CERTWATCH_PUT_BACK" || { ${takeUp}; }; exit 1`) };
  });
  const { order } = orders(() => s.fresh);
  const result = await renewHere(s.renewal, { ...s.here.tools, order }, 4_000);
  const [old, fresh] = [s.old.sha256, s.fresh.sha256];
  expect(result).toMatchObject({
    kind: 'rolled-back',
    restored: false,
    servedAfter: [
      { serves: 'new', sha256: fresh },
      { serves: 'new', sha256: fresh },
    ],
  });
  expect((await factsOf(s)).disk).toBe(old);
  expect(textOf(result)).toMatch(
    / {4}served when it failed:\n {4}- the new one, until .*: .*, .*\n {4}and just so after it was put back/,
  );
  const [status] = await renewStatus([s.renewal], { state: s.here.tools.state, now: Date.now() });
  expect(status?.last).toMatchObject({ outcome: 'rolled-back', restored: false });
});

test('put back, and served again: the old one is called the old one', async () => {
  await using s = await dueScene((reload) => ({
    reload: shell(`${reload?.words.join(' ')}; test "$CERTWATCH_PUT_BACK"`),
  }));
  const { order } = orders(() => s.fresh);
  const result = await renewHere(s.renewal, { ...s.here.tools, order });
  const { sha256 } = s.old;
  expect(result).toMatchObject({
    kind: 'rolled-back',
    restored: true,
    servedAfter: [
      { serves: 'old', sha256 },
      { serves: 'old', sha256 },
    ],
  });
});
