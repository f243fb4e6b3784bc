/**
 * The journal: whole lines stand, whatever cut off the last one; it does not grow for ever; and what it tells.
 */
import { appendFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RenewalKind } from '../../src/model/renewal.ts';
import { formatEntry, type JournalEntry, parseEntries } from '../../src/renew/journal/entry.ts';
import { historyOf } from '../../src/renew/journal/history.ts';
import { Journal, journalFile } from '../../src/renew/journal/journal.ts';
import { tempFolder } from '../support/temp-folder.ts';

const NAME = 'www';
let clock = 1_000;
const at = () => clock++;

const begin = (attempt: string, authority?: string): JournalEntry => ({
  kind: 'begin',
  attempt,
  at: at(),
  by: 'acme',
  reasons: ['window'],
  domains: ['www.shop.example'],
  ...(authority ? { authority } : {}),
});
const forced = (attempt: string): JournalEntry => ({ ...begin(attempt), reasons: ['forced'] }) as JournalEntry;
const end = (attempt: string, outcome: RenewalKind): JournalEntry => ({ kind: 'end', attempt, at: at(), outcome });
const switched = (attempt: string): JournalEntry => ({
  kind: 'switch',
  attempt,
  at: at(),
  from: 1,
  to: 2,
  sha256: 'ab',
  before: 'cd',
});
const step = (attempt: string, done: boolean): JournalEntry => ({
  kind: 'step',
  attempt,
  at: at(),
  step: 'reload',
  done,
});

async function opened(state: string): Promise<Journal> {
  const journal = await Journal.open(state, NAME);
  if (!journal.ok) throw new Error(journal.error);
  return journal.value;
}

test('what is written is read again, by a later run too', async () => {
  await using folder = await tempFolder('journal');
  const journal = await opened(folder.path);
  const entries = [begin('a'), step('a', false), step('a', true), switched('a'), end('a', 'renewed')];
  for (const entry of entries) expect(await journal.append(entry)).toEqual({ ok: true, value: undefined });
  expect((await opened(folder.path)).entries).toEqual(entries);
  expect((await stat(journalFile(folder.path, NAME))).mode & 0o777).toBe(0o600);
});

test('cut off at any byte, every line before it stands, and the next one is not glued to it', async () => {
  await using folder = await tempFolder('journal');
  const journal = await opened(folder.path);
  const entries = [begin('a'), step('a', false), end('a', 'failed')];
  for (const entry of entries) await journal.append(entry);
  const path = journalFile(folder.path, NAME);
  const text = await readFile(path, 'utf8');
  for (let length = text.length; length >= 0; length -= 7) {
    await writeFile(path, text);
    await truncate(path, length);
    const whole = text.slice(0, length).split('\n').length - 1;
    const after = await opened(folder.path);
    // A last line that lacks nothing but its end counts as well.
    const kept = after.entries.length;
    expect([whole, whole + 1]).toContain(kept);
    expect(after.entries).toEqual(entries.slice(0, kept));
    const next = begin('b');
    await after.append(next);
    expect((await opened(folder.path)).entries).toEqual([...entries.slice(0, kept), next]);
  }
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.constant(formatEntry(begin('a'))))), (lines) => {
      for (const entry of parseEntries(lines.join('\n'))) expect(typeof entry.attempt).toBe('string');
      historyOf(parseEntries(lines.join('\n')));
    }),
  );
});

test('it is cut when it has grown: the last attempts and the last success stay', async () => {
  await using folder = await tempFolder('journal');
  const path = journalFile(folder.path, NAME);
  await (await opened(folder.path)).append(begin('first'));
  await appendFile(path, formatEntry(end('first', 'renewed')));
  for (let i = 0; i < 60; i++) {
    const entries = [begin(`a${i}`), ...Array.from({ length: 60 }, () => step(`a${i}`, false)), end(`a${i}`, 'failed')];
    await appendFile(path, entries.map(formatEntry).join(''));
  }
  const before = (await stat(path)).size;
  const journal = await opened(folder.path);
  const { renewedFor, failures, last } = historyOf(journal.entries);
  expect((await stat(path)).size).toBeLessThan(before / 2);
  expect({ renewedFor, failures: failures.length, last: last?.id }).toEqual({
    renewedFor: ['www.shop.example'],
    failures: 20,
    last: 'a59',
  });
});

test('a folder that cannot be made, and a journal that is none, are sentences', async () => {
  await using folder = await tempFolder('journal');
  await folder.write('file', '');
  expect(await Journal.open(folder.at('file'), NAME)).toMatchObject({
    ok: false,
    error: expect.stringContaining('renewals'),
  });
  await mkdir(journalFile(folder.path, NAME), { recursive: true });
  expect(await Journal.open(folder.path, NAME)).toMatchObject({ ok: false, error: expect.stringContaining(NAME) });
});

describe('what it tells', () => {
  const table: readonly (readonly [string, readonly JournalEntry[], object])[] = [
    ['nothing', [], { failures: 0 }],
    ['one success', [begin('a'), end('a', 'renewed')], { failures: 0, outcome: 'renewed' }],
    [
      'a failure after a success',
      [begin('a'), end('a', 'renewed'), begin('b'), end('b', 'failed')],
      { failures: 1, outcome: 'failed' },
    ],
    [
      'a success after failures',
      [begin('a'), end('a', 'failed'), begin('b'), end('b', 'resumed')],
      { failures: 0, outcome: 'resumed' },
    ],
    [
      'rolled back counts',
      [begin('a'), switched('a'), end('a', 'rolled-back')],
      { failures: 1, outcome: 'rolled-back' },
    ],
    ['killed once is no failure', [begin('a'), step('a', false)], { failures: 0 }],
    ['killed twice in a row is one', [begin('a'), begin('b')], { failures: 1 }],
    ['killed while it was only asked for, again and again', [forced('a'), forced('b'), forced('c')], { failures: 0 }],
    ['… and then while it was due', [forced('a'), begin('b')], { failures: 1 }],
    ['killed after a failure', [begin('a'), end('a', 'failed'), begin('b')], { failures: 1 }],
    ['killed after the switch: unproven', [begin('a'), switched('a'), step('a', false)], { failures: 0, unproven: 2 }],
    [
      'not served: unproven',
      [begin('a'), switched('a'), end('a', 'not-served')],
      { failures: 1, outcome: 'not-served', unproven: 2 },
    ],
    [
      'put back: nothing is unproven',
      [begin('a'), switched('a'), end('a', 'rolled-back'), begin('b'), end('b', 'failed')],
      { failures: 2, outcome: 'failed' },
    ],
  ];

  test.each(table)('%s', (_, entries, expected) => {
    const { failures, last, unproven } = historyOf(entries);
    expect({
      failures: failures.length,
      ...(last?.outcome ? { outcome: last.outcome } : {}),
      ...(unproven ? { unproven: unproven.to } : {}),
    }).toEqual(expected);
  });
});
