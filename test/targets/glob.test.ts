import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandGlob, isGlob } from '../../src/targets/glob.ts';

let root: string;
const FILES = [
  'a.pem',
  'b.pem',
  'b.crt',
  'a[1].pem',
  '.hidden.pem',
  'sub/c.pem',
  'sub/deep/d.pem',
  'sub/deep/d.txt',
  'ü.pem',
  '10.pem',
  '9.pem',
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'certwatch-glob-'));
  await mkdir(join(root, 'sub/deep'), { recursive: true });
  await mkdir(join(root, 'folder.pem'));
  await mkdir(join(root, '.git'));
  await writeFile(join(root, '.git/x.pem'), '');
  for (const file of FILES) await writeFile(join(root, file), '');
  await symlink(join(root, 'a.pem'), join(root, 'link.pem'));
  await symlink(join(root, 'gone'), join(root, 'dangling.pem'));
  await symlink(root, join(root, 'sub/loop'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function matches(pattern: string): Promise<string[]> {
  const found: string[] = [];
  for await (const match of expandGlob(join(root, pattern)))
    found.push(match.ok ? match.value.slice(root.length + 1) : match.error);
  return found;
}

describe('expandGlob', () => {
  it.each([
    ['?.pem', ['a.pem', 'b.pem', '9.pem', 'ü.pem'].sort()],
    ['[ab].pem', ['a.pem', 'b.pem']],
    ['[!ab9].pem', ['ü.pem']],
    ['[a-b].*', ['a.pem', 'b.crt', 'b.pem']],
    ['*.crt', ['b.crt']],
    ['b.{pem,crt}', ['b.pem', 'b.crt']],
    ['{a,b}.{pem,crt}', ['a.pem', 'b.pem', 'b.crt']],
    ['{a,{b,9}}.pem', ['a.pem', 'b.pem', '9.pem']],
    ['{a,[a]}.pem', ['a.pem']],
    ['.h*', ['.hidden.pem']],
    ['s*/*.pem', ['sub/c.pem']],
    ['*/*/d.*', ['sub/deep/d.pem', 'sub/deep/d.txt']],
    ['sub/**/*.pem', ['sub/c.pem', 'sub/deep/d.pem']],
    ['**/d.pem', ['sub/deep/d.pem']],
    ['**/**/c.pem', ['sub/c.pem']],
    ['sub/**', ['sub/c.pem', 'sub/deep/d.pem', 'sub/deep/d.txt']],
    ['a[1].pem', ['a[1].pem']],
    ['l*.pem', ['link.pem']],
    ['da*.pem', ['dangling.pem']],
    ['sub/loop/b.c*', ['sub/loop/b.crt']],
    ['nowhere/*.pem', []],
    ['a.pem/*.pem', []],
    ['{a}.pem', []],
  ])('%s', async (pattern, expected) => {
    expect(await matches(pattern)).toEqual(expected);
  });

  it('is sorted, without folders and hidden files', async () => {
    const all = await matches('*.pem');
    expect(all).toEqual(['10.pem', '9.pem', 'a.pem', 'a[1].pem', 'b.pem', 'dangling.pem', 'link.pem', 'ü.pem']);
  });

  it('passes hidden folders over', async () => {
    expect(await matches('**/x.pem')).toEqual([]);
    expect(await matches('.git/*.pem')).toEqual(['.git/x.pem']);
  });

  it('refuses patterns that explode', async () => {
    expect(await matches(`${'{a,b}'.repeat(20)}.pem`)).toEqual([expect.stringContaining('at most 256 alternatives')]);
  });

  it('is quick on many stars', async () => {
    await writeFile(join(root, 'sub', 'a'.repeat(250)), '');
    expect(await matches(`sub/${'*a'.repeat(60)}*b`)).toEqual([]);
  });

  it.each(['a.pem', '/x/y', 'a,b'])('%s is no glob', (text) => expect(isGlob(text)).toBe(false));
});
