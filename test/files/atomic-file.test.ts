/**
 * Files that are written whole or not at all; what killed writers left is cleared away, what live ones write is not.
 */
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AtomicFile, writeFileAtomically } from '../../src/files/atomic-file.ts';
import { parseStat, readPlace, readProcess } from '../../src/files/proc.ts';
import { tempName } from '../../src/files/stale-temps.ts';
import { tempFolder } from '../support/temp-folder.ts';

const DAY_S = 86_400;

async function opened(path: string): Promise<AtomicFile> {
  const file = await AtomicFile.create(path);
  if (!file.ok) throw new Error(file.error);
  return file.value;
}

test('readers see the old version until the new one is whole', async () => {
  await using dir = await tempFolder();
  const path = await dir.write('report', 'old');
  const file = await opened(path);
  await file.write('new, ');
  await file.write('x'.repeat(200_000));
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await file.commit()).toEqual({ ok: true, value: undefined });
  expect(await readFile(path, 'utf8')).toBe(`new, ${'x'.repeat(200_000)}`);
  // Its permissions are those that it had.
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(dir.path)).toEqual(['report']);
});

test('given up, it leaves the old version and nothing else', async () => {
  await using dir = await tempFolder();
  const path = await dir.write('report', 'old');
  const file = await opened(path);
  await file.write('x'.repeat(200_000));
  await file.abort();
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(dir.path)).toEqual(['report']);
});

test('a link stays a link, and what it points to is replaced', async () => {
  await using dir = await tempFolder();
  await dir.write('real', 'old');
  await symlink('real', dir.at('link'));
  expect((await writeFileAtomically(dir.at('link'), 'new')).ok).toBe(true);
  expect(await readFile(dir.at('real'), 'utf8')).toBe('new');
  expect((await readdir(dir.path)).sort()).toEqual(['link', 'real']);
});

test('where a write has failed, no later one and no commit makes it good', async () => {
  const file = await opened('/dev/full');
  const full = { ok: false, error: '/dev/full: cannot be written (no space left on the device)' };
  expect(await file.write('x'.repeat(100_000))).toEqual(full);
  expect(await file.write('more')).toEqual({ ok: true, value: undefined });
  expect(await file.commit()).toEqual(full);
});

test.each([
  ['a folder', (dir: string) => dir, /is a folder/],
  ['in a folder that is not there', (dir: string) => `${dir}/none/report`, /its folder does not exist/],
  ['below a file', (dir: string) => `${dir}/file/report`, /a part of its path is no folder/],
  ['a name that is too long', (dir: string) => `${dir}/${'x'.repeat(300)}`, /its name is too long/],
])('%s is a sentence', async (_name, path, expected) => {
  await using dir = await tempFolder();
  await dir.write('file', '');
  const created = await AtomicFile.create(path(dir.path));
  expect(created).toEqual({ ok: false, error: expect.stringMatching(expected) });
  expect(await readdir(dir.path)).toEqual(['file']);
});

test('what killed writers left is cleared away, and nothing else', async () => {
  await using dir = await tempFolder();
  const live = await tempName('report');
  const [, where, pid, start] = /^\.report\.([0-9a-f]{8})-(\d+)-(\d+)\./.exec(live)!;
  const random = '0123456789ab';
  const old = new Date(Date.now() - 2 * DAY_S * 1000);
  const cases: [string, 'goes' | 'stays', Date?][] = [
    [`.report.${where}-${pid}-${Number(start) + 1}.${random}.tmp`, 'goes'],
    [`.report.${where}-4194305-${start}.${random}.tmp`, 'goes'],
    [`.report.ffffffff-${pid}-${start}.${random}.tmp`, 'stays'],
    [`.report.fffffffe-${pid}-${start}.${random}.tmp`, 'goes', old],
    [`.report.-.${random}.tmp`, 'stays'],
    [`.report.-.ba9876543210.tmp`, 'goes', old],
    [`.other.${where}-4194305-${start}.${random}.tmp`, 'stays', old],
    ['.report.swp.tmp', 'stays', old],
    ['.report.tmp', 'stays', old],
    [live, 'stays', old],
  ];
  for (const [name, , time] of cases) {
    await writeFile(dir.at(name), '');
    if (time) await utimes(dir.at(name), time, time);
  }
  expect((await writeFileAtomically(dir.at('report'), 'x')).ok).toBe(true);
  const left = await readdir(dir.path);
  expect(Object.fromEntries(cases.map(([name]) => [name, left.includes(name) ? 'stays' : 'goes']))).toEqual(
    Object.fromEntries(cases.map(([name, fate]) => [name, fate])),
  );
});

test('two that write the same file at once do not take each other’s', async () => {
  await using dir = await tempFolder();
  await mkdir(dir.at('x'));
  const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000));
  const results = await Promise.all(texts.map((text) => writeFileAtomically(dir.at('report'), text)));
  expect(results.every((result) => result.ok)).toBe(true);
  expect(texts).toContain(await readFile(dir.at('report'), 'utf8'));
  expect((await readdir(dir.path)).sort()).toEqual(['report', 'x']);
});

test.each([
  ['7 (node) S 1 2 2 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0', { pid: 7, parent: 1, group: 2, start: '4711' }],
  ['7 (a) b (c) R 1 2 2 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0', { pid: 7, parent: 1, group: 2, start: '4711' }],
  ['7 (x\n) Z) D 1 2 2 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0', { pid: 7, parent: 1, group: 2, start: '9' }],
  ['7 (node) Z 1 2 2 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0', undefined],
  ['7 (node) S 1 2', undefined],
  ['', undefined],
])('/proc/PID/stat: %j', (text, expected) => {
  expect(parseStat(text)).toEqual(expected);
});

test('this process as /proc shows it', async () => {
  expect(await readProcess('self')).toMatchObject({ pid: process.pid, parent: process.ppid });
  expect(await readProcess(4_194_305)).toBe(undefined);
  expect((await readPlace()).bootId).toMatch(/^[0-9a-f-]{36}$/);
});
