/**
 * The live folder: one switch for four names, whatever was there before, and whenever it is killed.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CertificateSet, checkSet, parseSet, readSet } from '../../../src/renew/install/certificate-set.ts';
import { prepareInstall } from '../../../src/renew/install/install.ts';
import { LiveFolder } from '../../../src/renew/install/live-folder.ts';
import { createCa, type Issued } from '../../support/pki/pki.ts';
import { writeSet } from '../../support/renew/stage.ts';
import { type BuiltWorker, buildWorker } from '../../support/renew/worker.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';

const ca = createCa({ now: Date.now() }).issueCa({ subject: 'CN=Test Intermediate' });
const DOMAINS = ['www.shop.example'];
const issue = (sans: readonly string[] = ['dns:www.shop.example']): Issued => ca.issue({ sans: sans as [] });
const NAMES = ['privkey.pem', 'cert.pem', 'chain.pem', 'fullchain.pem'];

function setOf({ keyPem, chainPem }: Pick<Issued, 'keyPem' | 'chainPem'>): CertificateSet {
  const set = parseSet(keyPem, chainPem, 'test');
  if (!set.ok) throw new Error(set.error.detail);
  return set.value;
}

async function install(
  live: string,
  issued: Issued,
): Promise<{ from: number | undefined; to: number; folder: LiveFolder }> {
  const prepared = await prepareInstall(setOf(issued), live, { domains: DOMAINS, now: Date.now() });
  if (!prepared.ok) throw new Error(prepared.error.detail);
  const { live: folder, from, to } = prepared.value;
  const switched = await folder.switchTo(to);
  if (!switched.ok) throw new Error(switched.error.detail);
  return { from, to, folder };
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const shows = async (live: string, issued: Issued) => {
  expect(await readFile(join(live, 'privkey.pem'), 'utf8')).toBe(issued.keyPem);
  expect(await readFile(join(live, 'cert.pem'), 'utf8')).toBe(issued.pem);
  expect(await readFile(join(live, 'fullchain.pem'), 'utf8')).toBe(issued.chainPem);
};

describe('a new folder', () => {
  test('four names through one link; the key is for its owner alone, whatever the umask', async () => {
    await using folder = await tempFolder('live');
    const live = folder.at('deep', 'live');
    const umask = process.umask(0);
    const issued = issue();
    try {
      expect(await install(live, issued)).toMatchObject({ from: undefined, to: 1 });
    } finally {
      process.umask(umask);
    }
    await shows(live, issued);
    for (const name of NAMES) expect(await readlink(join(live, name))).toBe(`current/${name}`);
    expect(await readlink(join(live, 'current'))).toBe('.versions/1');
    expect(await modeOf(join(live, 'privkey.pem'))).toBe(0o600);
    expect(await modeOf(join(live, 'cert.pem'))).toBe(0o644);
  });

  test('a umask of 077 does not hide the certificate', async () => {
    await using folder = await tempFolder('live');
    const umask = process.umask(0o077);
    try {
      await install(folder.at('live'), issue());
    } finally {
      process.umask(umask);
    }
    expect(await modeOf(folder.at('live'))).toBe(0o755);
    expect(await modeOf(folder.at('live/fullchain.pem'))).toBe(0o644);
  });

  test('again, and back', async () => {
    await using folder = await tempFolder('live');
    const [one, two] = [issue(), issue()];
    await install(folder.at('live'), one);
    const { from, to, folder: live } = await install(folder.at('live'), two);
    expect({ from, to }).toEqual({ from: 1, to: 2 });
    await shows(folder.at('live'), two);
    expect(await live.switchTo(1)).toEqual({ ok: true, value: undefined });
    await shows(folder.at('live'), one);
    expect(await live.switchTo(9)).toMatchObject({ ok: false, error: { reason: 'no-such-version' } });
  });

  test('old versions go, the current one and the one before stay', async () => {
    await using folder = await tempFolder('live');
    for (let i = 0; i < 6; i++) await install(folder.at('live'), issue());
    const { folder: live } = await install(folder.at('live'), issue());
    await live.switchTo(2);
    await live.prune(3, [7]);
    expect((await live.numbers()).sort()).toEqual([2, 6, 7]);
  });
});

describe('a folder that is there already', () => {
  const layouts: Readonly<Record<string, (live: string, folder: TempFolder, issued: Issued) => Promise<void>>> = {
    'plain files': (live, _, issued) => writeSet(live, issued),
    'links into an archive, as certbot has them': async (live, folder, issued) => {
      await writeSet(folder.at('archive'), issued);
      await mkdir(live);
      for (const name of NAMES) await symlink(`../archive/${name}`, join(live, name));
    },
    'a link to a folder': async (live, folder, issued) => {
      await writeSet(folder.at('elsewhere'), issued);
      await symlink('elsewhere', live);
    },
    'hard links': async (live, folder, issued) => {
      await writeSet(folder.at('first'), issued);
      await mkdir(live);
      for (const name of NAMES) await link(folder.at('first', name), join(live, name));
    },
  };

  test.each(Object.entries(layouts))('%s: taken over, then replaced, then put back', async (_, lay) => {
    await using folder = await tempFolder('live');
    const live = folder.at('live');
    const [old, fresh] = [issue(), issue()];
    await lay(live, folder, old);
    const { from, to, folder: opened } = await install(live, fresh);
    await shows(live, fresh);
    expect({ from, to }).toEqual({ from: 1, to: 2 });
    await opened.switchTo(1);
    await shows(live, old);
    expect(await modeOf(join(live, 'privkey.pem'))).toBe(0o600);
  });

  test('half a set is taken over as it is', async () => {
    await using folder = await tempFolder('live');
    const [old, fresh] = [issue(), issue()];
    await folder.write('live/privkey.pem', old.keyPem);
    await folder.write('live/fullchain.pem', old.chainPem);
    const { folder: live } = await install(folder.at('live'), fresh);
    await shows(folder.at('live'), fresh);
    await live.switchTo(1);
    expect(await readFile(folder.at('live/fullchain.pem'), 'utf8')).toBe(old.chainPem);
    await expect(readFile(folder.at('live/chain.pem'))).rejects.toThrow('ENOENT');
  });

  test('taken over at any point of a taking over that was cut short', async () => {
    for (let cut = 0; cut <= NAMES.length; cut++) {
      await using folder = await tempFolder('live');
      const live = folder.at('live');
      const old = issue();
      await writeSet(live, old);
      await writeSet(folder.at('live/.versions/1'), old);
      await symlink('.versions/1', folder.at('live/current'));
      for (const name of NAMES.slice(0, cut)) {
        await symlink(`current/${name}`, join(live, 'x'));
        await rename(join(live, 'x'), join(live, name));
      }
      expect(await install(live, issue())).toMatchObject({ from: 1, to: 2 });
    }
  });

  test('what another client has put there since is not lost', async () => {
    await using folder = await tempFolder('live');
    const live = folder.at('live');
    await install(live, issue());
    const others = issue();
    for (const name of NAMES) await promisify(execFile)('rm', [join(live, name)]);
    await writeSet(live, others);
    const { from, folder: opened } = await install(live, issue());
    expect(from).toBe(2);
    await opened.switchTo(2);
    await shows(live, others);
  });

  test('mode and owner are kept, but no new key is for others', async () => {
    await using folder = await tempFolder('live');
    const live = folder.at('live');
    await writeSet(live, issue());
    await chmod(join(live, 'privkey.pem'), 0o644);
    await chmod(join(live, 'fullchain.pem'), 0o640);
    const asRoot = process.getuid?.() === 0;
    if (asRoot) await chown(join(live, 'privkey.pem'), 65_534, 65_533);
    const prepared = await prepareInstall(setOf(issue()), live, { domains: DOMAINS, now: Date.now() });
    if (!prepared.ok) throw new Error(prepared.error.detail);
    expect(prepared.value.warnings).toMatchObject([{ reason: 'key-was-open' }]);
    await prepared.value.live.switchTo(prepared.value.to);
    expect(await modeOf(join(live, 'privkey.pem'))).toBe(0o640);
    expect(await modeOf(join(live, 'fullchain.pem'))).toBe(0o640);
    const { uid, gid } = await stat(join(live, 'privkey.pem'));
    if (asRoot) expect({ uid, gid }).toEqual({ uid: 65_534, gid: 65_533 });
  });
});

describe('what is not installed', () => {
  const good = issue();
  const other = issue();
  const stranger = createCa({ now: Date.now(), subject: 'CN=Someone Else' });
  const expected = { domains: DOMAINS, now: Date.now() };

  test.each([
    ['a key of another certificate', { ...good, keyPem: other.keyPem }, {}, 'key-mismatch'],
    ['a key that is none', { ...good, keyPem: 'x' }, {}, 'key-unreadable'],
    ['a certificate for other names', good, { domains: ['other.example'] }, 'names-missing'],
    ['a wildcard that is only covered by name', good, { domains: ['*.shop.example'] }, 'names-missing'],
    ['an expired one', good, { now: Date.now() + 400 * 86_400_000 }, 'not-valid-now'],
    ['one of tomorrow', good, { now: Date.now() - 200 * 86_400_000 }, 'not-valid-now'],
    ['a chain that leads elsewhere', { ...good, chainPem: good.pem + stranger.pem }, {}, 'chain-broken'],
    ['a chain in the wrong order', { ...good, chainPem: ca.pem + good.pem }, {}, 'key-mismatch'],
  ])('%s: nothing is touched', async (_, { keyPem, chainPem }, more, reason) => {
    await using folder = await tempFolder('live');
    const prepared = await prepareInstall(setOf({ keyPem, chainPem }), folder.at('live'), { ...expected, ...more });
    expect(prepared).toMatchObject({ ok: false, error: { reason } });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('the good one', () => {
    expect(checkSet(setOf(good), expected)).toEqual({ ok: true, value: undefined });
  });

  test('a folder that may not be written to', async () => {
    await using folder = await tempFolder('live');
    await folder.write('live', 'a file');
    const prepared = await prepareInstall(setOf(good), folder.at('live'), expected);
    expect(prepared).toMatchObject({
      ok: false,
      error: {
        reason: 'cannot-write',
        detail: expect.stringMatching(/live: expected a folder, and something else is/),
      },
    });
  });

  test('a folder in the place of one of the files is named by its own path', async () => {
    await using folder = await tempFolder('live');
    await mkdir(folder.at('live', 'chain.pem'), { recursive: true });
    const prepared = await prepareInstall(setOf(good), folder.at('live'), expected);
    expect(prepared).toMatchObject({
      ok: false,
      error: { detail: `${folder.at('live', 'chain.pem')}: it is a folder` },
    });
  });
});

describe('killed, and with a full disk', () => {
  let worker: BuiltWorker;
  beforeAll(async () => {
    worker = await buildWorker(join(import.meta.dirname, 'install-worker.ts'));
  });
  afterAll(() => worker[Symbol.asyncDispose]());

  async function sets(folder: TempFolder): Promise<void> {
    for (const name of ['a', 'b', 'c']) await writeSet(folder.at('sets', name), issue());
  }

  const start = (what: string, folder: TempFolder): ChildProcess =>
    spawn(process.execPath, [worker.file, what, folder.at('live'), folder.at('sets')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  /** The pair as a server would read it: never of two sets. */
  async function checkPair(live: string): Promise<void> {
    const cert = new X509Certificate(await readFile(join(live, 'fullchain.pem')));
    const key = createPrivateKey(await readFile(join(live, 'privkey.pem')));
    expect(cert.publicKey.export({ type: 'spki', format: 'pem' })).toBe(
      createPublicKey(key).export({ type: 'spki', format: 'pem' }),
    );
  }

  /** Files with a key that others may read. Looked at while they come and go. */
  async function openKeys(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const found = entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return openKeys(path);
      const stats = entry.isFile() ? await lstat(path).catch(() => undefined) : undefined;
      if (!stats?.isFile() || (stats.mode & 0o077) === 0) return [];
      const text = await readFile(path, 'utf8').catch(() => '');
      return text.includes('PRIVATE KEY') ? [path] : [];
    });
    return (await Promise.all(found)).flat();
  }

  test.each(['plain files', 'nothing'])(
    'killed at twenty moments, with %s at the start',
    { timeout: 60_000 },
    async (what) => {
      for (let i = 0; i < 10; i++) {
        await using folder = await tempFolder('kill');
        await sets(folder);
        if (what === 'plain files') await writeSet(folder.at('live'), issue());
        else await mkdir(folder.at('live'));
        // More rounds over the same folder: what a killed one has left must be in nobody's way.
        for (let round = 0; round < 2; round++) {
          const child = start('for-ever', folder);
          const ended = once(child, 'exit');
          await once(child.stdout!, 'data');
          await pause((i * 11 + round * 5) % 50);
          expect(await openKeys(folder.at('live'))).toEqual([]);
          child.kill('SIGKILL');
          await ended;
          const there = await readSet(folder.at('live'));
          if (what === 'plain files' || (there.ok && there.value)) await checkPair(folder.at('live'));
          else expect(there).toEqual({ ok: true, value: undefined });
        }
        const opened = await LiveFolder.open(folder.at('live'));
        if (!opened.ok) throw new Error(opened.error.detail);
        const left = (await readdir(folder.at('live'))).filter((name) => name.endsWith('.tmp'));
        expect(left).toEqual([]);
      }
    },
  );

  const inNamespace = (command: string) =>
    promisify(execFile)('unshare', ['--mount', 'sh', '-c', command], { timeout: 15_000 });

  test('no space left: the old set is whole and served on, and the next try works', async (context) => {
    const canMount = await inNamespace('mount -t tmpfs -o size=64k tmpfs /mnt').then(
      () => true,
      () => false,
    );
    context.skip(!canMount, 'needs root, to mount a small file system');
    await using folder = await tempFolder('full');
    await sets(folder);
    const small = folder.at('small');
    await mkdir(small);
    await writeSet(folder.at('old'), issue());
    const { stdout } = await inNamespace(
      `mount -t tmpfs -o size=256k tmpfs ${small} && cp -r ${folder.at('old')} ${small}/live && ${process.execPath} ${worker.file} full ${small}/live ${folder.at('sets')}`,
    );
    expect(JSON.parse(stdout)).toEqual({
      problem: { reason: 'no-space', advice: 'check-disk', detail: expect.stringContaining('no space left') },
      same: true,
      whole: true,
      left: [],
      afterwards: 'installed',
    });
  });
});

test('what is no file is not waited for', async () => {
  await using folder = await tempFolder('live');
  await promisify(execFile)('mkfifo', [folder.at('privkey.pem')]);
  await writeFile(folder.at('fullchain.pem'), issue().chainPem);
  expect(await readSet(folder.path)).toMatchObject({ ok: false, error: { reason: 'unreadable' } });
});
