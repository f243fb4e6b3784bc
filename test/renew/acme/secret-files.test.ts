/**
 * Files with keys: nobody else's to read, whole or not there, and made by one of many.
 */
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createOnce, privateFolder, replacePrivate } from '../../../src/renew/acme/secret-files.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test('of many that make a file at once exactly one does, and all see its content', async () => {
  await using folder = await tempFolder();
  const path = folder.at('key.pem');
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) => createOnce(path, `content ${i}`)));
  const winners = made.flatMap((each, i) => (each.ok && each.value ? [i] : []));
  expect(made.every(({ ok }) => ok)).toBe(true);
  expect(winners).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(`content ${winners[0]}`);
  expect(await readdir(folder.path)).toEqual(['key.pem']);
  expect(await modeOf(path)).toBe(0o600);
});

test('what replaces a file is closed to others whatever the old one was, and a link is replaced, not followed', async () => {
  await using folder = await tempFolder();
  const elsewhere = await folder.write('elsewhere', 'theirs');
  await symlink(elsewhere, folder.at('link'));
  await writeFile(folder.at('open'), 'old', { mode: 0o644 });
  for (const name of ['link', 'open']) expect(await replacePrivate(folder.at(name), 'new')).toEqual({ ok: true });
  expect(await modeOf(folder.at('open'))).toBe(0o600);
  expect(await readFile(elsewhere, 'utf8')).toBe('theirs');
  expect(await readFile(folder.at('link'), 'utf8')).toBe('new');
  expect((await readdir(folder.path)).sort()).toEqual(['elsewhere', 'link', 'open']);
});

test('a folder is made closed, with those above it; an open one is refused', async () => {
  await using folder = await tempFolder();
  expect(await privateFolder(folder.at('a', 'b'))).toEqual({ ok: true });
  expect(await modeOf(folder.at('a'))).toBe(0o700);
  expect(await modeOf(folder.at('a', 'b'))).toBe(0o700);
  await mkdir(folder.at('open'));
  await chmod(folder.at('open'), 0o750);
  expect(await privateFolder(folder.at('open'))).toEqual({ ok: false, error: expect.stringContaining('0750') });
  await folder.write('file', '');
  expect((await privateFolder(folder.at('file'))).ok).toBe(false);
});

test('a folder that is not there is an error that names it', async () => {
  await using folder = await tempFolder();
  const path = folder.at('nowhere', 'key.pem');
  expect(await createOnce(path, 'x')).toEqual({ ok: false, error: `${path}: no such file or folder` });
});
