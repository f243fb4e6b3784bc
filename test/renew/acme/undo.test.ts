/**
 * Traces of challenges are noted before they are made and taken back by the notes, whoever made them.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cleanUpAfter, type Undo, UndoRecord } from '../../../src/renew/acme/challenges/undo.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';

async function cleanUp(folder: TempFolder) {
  const deadline = Deadline.after(10_000);
  const env = { PATH: '/usr/bin:/bin' };
  const cleaned = await cleanUpAfter(folder.path, { deadline, env, now: () => 0, kill: process.kill, emit: () => {} });
  deadline.release();
  return cleaned;
}

const hook = (script: string, value: string): Undo => ({
  kind: 'hook',
  action: 'cleanup',
  argv: ['/bin/sh', '-c', script],
  domain: 'shop.example',
  record: '_acme-challenge.shop.example',
  value,
  timeoutMs: 5_000,
});

test('nothing noted is nothing to do', async () => {
  await using folder = await tempFolder();
  expect(await cleanUp(folder)).toEqual({ ok: true, value: 0 });
});

test('files go, and the folders that were made for them where nobody else uses them', async () => {
  await using folder = await tempFolder();
  const inner = folder.at('root', '.well-known', 'acme-challenge');
  await mkdir(inner, { recursive: true });
  await writeFile(`${inner}/token`, 'x');
  const record = new UndoRecord(folder.path);
  const folders = [inner, folder.at('root', '.well-known')];
  // One that was noted and never made: killed in between.
  await record.add({ kind: 'file', paths: [`${inner}/token`, `${inner}/.token.tmp`], folders });
  await record.add({ kind: 'file', paths: [folder.at('root', 'never-made', 'token')], folders: [] });
  expect(await cleanUp(folder)).toEqual({ ok: true, value: 2 });
  expect(await readdir(folder.path, { recursive: true })).toEqual(['root']);

  await mkdir(inner, { recursive: true });
  await writeFile(`${inner}/of-somebody-else`, 'y');
  await new UndoRecord(folder.path).add({ kind: 'file', paths: [`${inner}/token`], folders });
  expect((await cleanUp(folder)).ok).toBe(true);
  expect(await readdir(inner)).toEqual(['of-somebody-else']);
});

test('the last made goes first', async () => {
  await using folder = await tempFolder();
  const log = folder.at('log');
  const record = new UndoRecord(folder.path);
  for (const value of ['one', 'two', 'three']) await record.add(hook(`echo $CERTWATCH_VALUE >> ${log}`, value));
  expect(await cleanUp(folder)).toEqual({ ok: true, value: 3 });
  expect(await readFile(log, 'utf8')).toBe('three\ntwo\none\n');
});

test('what cannot be taken back stays noted, also when more is noted by the next run', async () => {
  await using folder = await tempFolder();
  const flag = folder.at('mended');
  const first = new UndoRecord(folder.path);
  await first.add(hook(`test -e ${flag}`, 'broken'));
  await first.add(hook('true', 'fine'));
  expect(await cleanUp(folder)).toEqual({ ok: false, error: expect.stringContaining('ended with status 1') });

  const second = new UndoRecord(folder.path);
  await second.add(hook('true', 'new'));
  await writeFile(flag, '');
  expect(await cleanUp(folder)).toEqual({ ok: true, value: 2 });
  expect(await readdir(folder.path)).toEqual(['mended']);
});

test('notes that are no notes are an error, not a crash', async () => {
  await using folder = await tempFolder();
  for (const text of ['{', '[1, null, "x", {"kind": "something-new"}]']) {
    await writeFile(folder.at('clean-up.json'), text);
    expect(typeof (await cleanUp(folder)).ok).toBe('boolean');
  }
});
