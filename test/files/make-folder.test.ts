/**
 * Folders are made, or it is said why not: no file system can make that go on for ever.
 */
import { mkdir, stat, symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeFolder } from '../../src/files/make-folder.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('with those above it, the topmost that was made is told', async () => {
  await using folder = await tempFolder();
  expect(await makeFolder(folder.at('a', 'b', 'c'), 0o700)).toBe(folder.at('a'));
  expect((await stat(folder.at('a', 'b'))).mode & 0o777).toBe(0o700);
  expect(await makeFolder(folder.at('a', 'd'))).toBe(folder.at('a', 'd'));
  expect(await makeFolder(folder.at('a', 'b', 'c'))).toBe(undefined);
});

test('two at once', async () => {
  await using folder = await tempFolder();
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(folder.at('a', 'b', 'c', 'd'))));
  expect((await stat(folder.at('a', 'b', 'c', 'd'))).isDirectory()).toBe(true);
});

test('a link to a folder is one', async () => {
  await using folder = await tempFolder();
  await mkdir(folder.at('real'));
  await symlink('real', folder.at('link'));
  expect(await makeFolder(folder.at('link'))).toBe(undefined);
  expect(await makeFolder(folder.at('link', 'in'))).toBe(folder.at('link', 'in'));
});

test.each([
  ['/proc/certwatch', 'ENOENT'],
  ['/proc/certwatch/state', 'ENOENT'],
  ['/proc/self/status/state', 'ENOTDIR'],
  ['/dev/null', 'EEXIST'],
])('%s is an error, and no wait', async (path, code) => {
  await expect(makeFolder(path)).rejects.toMatchObject({ code });
});
