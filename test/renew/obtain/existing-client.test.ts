/**
 * An existing client's folder: what it held comes back, in the way in which it was there, where the new certificate is not
 * served, where the client leaves half a set, and after a kill.
 */
import { chmod, lstat, mkdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Renewal } from '../../../src/renew/renewal.ts';
import { type DueScene, dueScene, factsOf, RenewalWorker, renewHere } from '../../support/renew/due-scene.ts';
import { type Stage, shell, words } from '../../support/renew/stage.ts';

const NAMES = ['privkey.pem', 'cert.pem', 'chain.pem', 'fullchain.pem'];
/** How a client leaves its files, and the command that puts new ones in their place. */
interface Layout {
  lay(live: string): Promise<void>;
  command(fresh: string): string;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  'plain files, each replaced': {
    lay: async () => {},
    command: (fresh) =>
      `for f in ${fresh}/*.pem; do cp $f $CERTWATCH_LIVE/x && mv $CERTWATCH_LIVE/x $CERTWATCH_LIVE/$(basename $f); done`,
  },
  'plain files, written over': {
    lay: async () => {},
    command: (fresh) => `cp ${fresh}/*.pem $CERTWATCH_LIVE/`,
  },
  'links into an archive, as certbot has them': {
    async lay(live) {
      const archive = join(live, '../archive');
      await mkdir(archive);
      for (const name of NAMES) {
        await rename(join(live, name), join(archive, `1-${name}`));
        await symlink(`../archive/1-${name}`, join(live, name));
      }
    },
    command: (fresh) =>
      `cd $CERTWATCH_LIVE; for f in *.pem; do cp ${fresh}/$f ../archive/2-$f; ln -sf ../archive/2-$f $f; done`,
  },
};

async function clientScene(layout: Layout, reload: (good: string, here: Stage) => string): Promise<DueScene> {
  return dueScene((good, here) => ({
    by: {
      kind: 'command',
      command: shell(`echo once >> ${here.folder.at('worked')}; ${layout.command(here.folder.at('issues'))}`),
    },
    reload: shell(reload(good!.words.join(' '), here)),
  }));
}

async function looks(live: string) {
  const each = NAMES.map(async (name) => {
    const path = join(live, name);
    const link = (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
    const { mode, uid, gid } = await stat(path);
    return { name, link, mode, uid, gid, text: await readFile(path, 'utf8') };
  });
  return Promise.all(each);
}

const tillMended = (good: string, { folder }: Stage) =>
  `test -e ${folder.at('mended')} && exec ${good}; test "$CERTWATCH_PUT_BACK"`;
const NEW = ({ fresh }: DueScene) => ({ disk: fresh.sha256, served: [fresh.sha256, fresh.sha256] });
const OLD = ({ old }: DueScene) => ({ disk: old.sha256, served: [old.sha256, old.sha256] });

describe.each(Object.entries(LAYOUTS))('%s', { timeout: 20_000 }, (_, layout) => {
  test('not served: put back as it was; mended, the next run finishes the job', async () => {
    await using s = await clientScene(layout, tillMended);
    const { live, folder, tools } = s.here;
    await layout.lay(live);
    await chmod(join(live, 'fullchain.pem'), 0o640);
    const before = await looks(live);
    expect(await renewHere(s.renewal, tools)).toMatchObject({
      kind: 'rolled-back',
      step: 'reload',
      restored: true,
      warnings: [],
    });
    expect(await looks(live)).toEqual(before);
    expect(await factsOf(s)).toEqual(OLD(s));
    // No copy of a key stays.
    await expect(stat(folder.at('state/before/www'))).rejects.toThrow('ENOENT');
    // At once, and again, and without setting the client to work again.
    expect(await renewHere(s.renewal, tools)).toMatchObject({ kind: 'rolled-back', restored: true, warnings: [] });
    expect(await looks(live)).toEqual(before);
    await folder.write('mended', '');
    expect(await renewHere(s.renewal, tools)).toMatchObject({ kind: 'renewed', warnings: [] });
    expect(await factsOf(s)).toEqual(NEW(s));
    expect(await readFile(folder.at('worked'), 'utf8')).toBe('once\n');
    for (const name of ['before', 'after'])
      await expect(stat(folder.at('state', name, 'www'))).rejects.toThrow('ENOENT');
  });
});

const PLAIN = LAYOUTS['plain files, written over']!;

test.each([
  ['the key of another certificate', 'privkey.pem', 'key-mismatch'],
  ['no certificate at all', 'fullchain.pem', 'unreadable'],
])('it leaves %s: put back at once, and told', async (_, file, reason) => {
  await using s = await clientScene(PLAIN, (good) => good);
  const { folder, tools } = s.here;
  await folder.write(`issues/${file}`, file === 'privkey.pem' ? s.here.issue().keyPem : 'nothing');
  const before = await looks(s.here.live);
  expect(await renewHere(s.renewal, tools)).toMatchObject({ kind: 'failed', step: 'order', problem: { reason } });
  expect(await looks(s.here.live)).toEqual(before);
});

test('it fails half-way: put back, too', async () => {
  await using s = await clientScene(PLAIN, (good) => good);
  const command = shell(`cp ${s.here.folder.at('issues')}/privkey.pem $CERTWATCH_LIVE/; exit 1`);
  const renewal: Renewal = { ...s.renewal, by: { kind: 'command', command } };
  expect(await renewHere(renewal, s.here.tools)).toMatchObject({ kind: 'failed', step: 'order' });
  expect(await factsOf(s)).toEqual(OLD(s));
});

test.each([
  ['for other names', { sans: ['dns:other.shop.example'] }, 'names-missing'],
  ['that is older than the one before', { ageDays: 88 }, 'older'],
] as const)('it leaves a whole set %s: put back at once, and told', async (_, parts, reason) => {
  await using s = await clientScene(PLAIN, (good) => good);
  const { folder, live, tools } = s.here;
  await s.here.writeSet(folder.at('issues'), s.here.issue(parts));
  const before = await looks(live);
  const result = await renewHere(s.renewal, tools);
  expect(result).toMatchObject({
    kind: 'failed',
    step: 'order',
    problem: { reason, detail: expect.stringMatching(/; what was there before is back in its place$/) },
    inUse: { sha256: s.old.sha256 },
  });
  expect(await looks(live)).toEqual(before);
  await expect(stat(folder.at('state/before/www'))).rejects.toThrow('ENOENT');
});

test('fewer names than the config has, but no fewer than before: newer is better, and it stays', async () => {
  await using s = await clientScene(PLAIN, (good) => good);
  const renewal = { ...s.renewal, domains: [...s.renewal.domains, 'more.shop.example'] };
  const result = await renewHere(renewal, s.here.tools);
  expect(result).toMatchObject({ problem: { reason: 'names-missing' }, inUse: { sha256: s.fresh.sha256 } });
  expect((await factsOf(s)).disk).toBe(s.fresh.sha256);
});

test('it has renewed, and fails all the same: the new one stays, and is what is said to be on disk', async () => {
  await using s = await clientScene(PLAIN, (good) => good);
  const command = shell(`${PLAIN.command(s.here.folder.at('issues'))}; exit 3`);
  const result = await renewHere({ ...s.renewal, by: { kind: 'command', command } }, s.here.tools);
  expect(result).toMatchObject({
    problem: { reason: 'order-failed', detail: expect.stringMatching(/status 3$/) },
    inUse: { sha256: s.fresh.sha256 },
  });
  // Good on disk, and not served yet: it only has to be reloaded.
  expect(await renewHere(s.renewal, s.here.tools)).toMatchObject({ kind: 'resumed' });
});

describe('killed', { timeout: 20_000 }, () => {
  let worker: RenewalWorker;
  beforeAll(async () => {
    worker = await RenewalWorker.build();
  });
  afterAll(() => worker[Symbol.asyncDispose]());

  test('once the client is done: the next run tries it, and puts back what lay there before', async () => {
    await using s = await clientScene(PLAIN, tillMended);
    const before = await looks(s.here.live);
    expect(await worker.run(s, { kill: { step: 'reload', moment: 'before' } })).toBeUndefined();
    expect((await factsOf(s)).disk).toBe(s.fresh.sha256);
    expect((await worker.run(s))?.result).toMatchObject({ kind: 'rolled-back', restored: true });
    expect(await looks(s.here.live)).toEqual(before);
  });

  test('while the client has done half: the next run begins with what lay there before', async () => {
    await using s = await clientScene(PLAIN, (good) => good);
    const { folder } = s.here;
    const half = `test -e ${folder.at('killed')} || { touch ${folder.at('killed')}; cp ${folder.at('issues')}/privkey.pem $CERTWATCH_LIVE/; kill -KILL $PPID; sleep 300; }`;
    const command = shell(
      `${half}; test "$(cat ${s.here.live}/privkey.pem)" = "$(cat ${folder.at('key')})" || exit 9; ${PLAIN.command(folder.at('issues'))}`,
    );
    await writeFile(folder.at('key'), s.old.keyPem);
    const renewal: Renewal = { ...s.renewal, by: { kind: 'command', command } };
    expect(await worker.run({ ...s, renewal })).toBeUndefined();
    expect((await worker.run({ ...s, renewal }))?.result).toMatchObject({ kind: 'renewed' });
    expect(await factsOf(s)).toEqual(NEW(s));
  });
});

test('no live folder: nothing to put back, and it says so', async () => {
  await using s = await dueScene();
  const { live: _, ...renewal } = s.renewal;
  const fresh = s.here.folder.at('issues');
  const command = shell(`cp ${fresh}/*.pem ${s.here.live}/; ${s.renewal.reload!.words.join(' ')}`);
  const failing: Renewal = { ...renewal, reload: words('false'), by: { kind: 'command', command } };
  expect(await renewHere(failing, s.here.tools)).toMatchObject({ kind: 'not-served', noWayBack: 'another-client' });
});
