/**
 * The run record: what it counts over a series of runs, and that nothing that is not one is taken for one.
 */
import { mkdir, readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EMPTY_RECORD,
  type ExitStatus,
  type RunEnd,
  type RunRecord,
  type RunStart,
  recordEnd,
  recordStart,
} from '../../src/health/run-record.ts';
import { readRecord, recordFile, writeRecord } from '../../src/health/run-record-file.ts';
import { parseRecord } from '../../src/health/run-record-text.ts';
import { tempFolder } from '../support/temp-folder.ts';

const start = (startedAt: number): RunStart => ({
  id: '3e9c0b52-5a1c-4f6e-8f43-0d3b6c1f2a11',
  command: 'check',
  pid: 7,
  startedAt,
  deadlineAt: startedAt + 1_000,
  version: '0.1.0',
});

const end = (startedAt: number, exitStatus: ExitStatus): RunEnd => ({
  ...start(startedAt),
  finishedAt: startedAt + 500,
  exitStatus,
  summary: { targets: 3, ok: 1, warning: 0, critical: 1, unknown: 1 },
  deadlineReached: false,
  interrupted: false,
});

/** A series of runs, each by its exit status, or `lost` for one that never ended. */
const series = (...runs: (ExitStatus | 'lost')[]): RunRecord =>
  runs.reduce<RunRecord>((before, run, i) => {
    const begun = recordStart(before, start(i * 1_000), 0);
    return run === 'lost' ? begun : recordEnd(begun, end(i * 1_000, run));
  }, EMPTY_RECORD);

describe('over a series of runs', () => {
  test.each([
    ['one that ended', [0], { lostInARow: 0, unknownInARow: 0 }],
    ['one that did not', ['lost'], { lostInARow: 0, unknownInARow: 0 }],
    ['three that did not: two before the last', [0, 'lost', 'lost', 'lost'], { lostInARow: 2 }],
    ['one that ended after some that did not', ['lost', 'lost', 2], { lostInARow: 0 }],
    ['three in a row that knew nothing', [0, 3, 3, 3], { unknownInARow: 3 }],
    ['one that knew something after them', [3, 3, 2], { unknownInARow: 0 }],
  ] as const)('%s', (_name, runs, expected) => {
    const record = series(...runs);
    expect(record).toMatchObject(expected);
    expect(record.unfinished !== undefined).toBe(runs.at(-1) === 'lost');
  });

  test('the last complete run is kept while a new one is on', () => {
    const record = recordStart(series(1), start(9_000), 4);
    expect(record).toMatchObject({ complete: { exitStatus: 1 }, unfinished: { startedAt: 9_000 }, turnedAway: 4 });
  });
});

describe('on disk', () => {
  test('is read as it was written, and leaves nothing beside it', async () => {
    await using dir = await tempFolder();
    expect(await readRecord(dir.path, 'check')).toEqual({ ok: true, value: undefined });
    const record = series(0, 3, 'lost');
    expect(await writeRecord(dir.path, 'check', record)).toEqual({ ok: true, value: undefined });
    expect(await readRecord(dir.path, 'check')).toEqual({ ok: true, value: record });
    expect(await readdir(dir.path)).toEqual(['check.run.json']);
  });

  test.each([
    ['nothing', '', /corrupt: it is empty/],
    ['half of it', undefined, /corrupt: it is not JSON/],
    ['another schema', '{"schema":"certwatch/run-record@2"}', /corrupt: its schema is not/],
    ['null', 'null', /corrupt: it is not a JSON object/],
    ['a megabyte', 'x'.repeat(1 << 20), /corrupt: it is larger/],
  ])('%s is a sentence', async (_name, text, expected) => {
    await using dir = await tempFolder();
    await writeRecord(dir.path, 'check', series(0));
    const whole = JSON.stringify(series(0));
    await dir.write('check.run.json', text ?? whole.slice(0, whole.length / 2));
    const read = await readRecord(dir.path, 'check');
    expect(read).toEqual({ ok: false, error: expect.stringMatching(expected) });
    expect(read).toEqual({ ok: false, error: expect.stringContaining(recordFile(dir.path, 'check')) });
  });

  test('a folder in its place, and a file in the place of its folder, are sentences', async () => {
    await using dir = await tempFolder();
    await mkdir(recordFile(dir.path, 'check'));
    expect(await readRecord(dir.path, 'check')).toMatchObject({ ok: false });
    expect(await writeRecord(dir.path, 'check', EMPTY_RECORD)).toMatchObject({ ok: false });
    await dir.write('file', '');
    expect(await readRecord(dir.at('file'), 'check')).toEqual({
      ok: false,
      error: expect.stringContaining('no folder'),
    });
    expect(await writeRecord(dir.at('file'), 'check', EMPTY_RECORD)).toEqual({
      ok: false,
      error: expect.stringContaining('no folder'),
    });
  });
});

test('each field is checked: a record with any one of them bent is refused', () => {
  const whole = { schema: 'certwatch/run-record@1', ...recordStart(series(0), start(5_000), 0) };
  expect(parseRecord(JSON.stringify(whole)).ok).toBe(true);
  const paths = leaves(whole).filter((path) => path.at(-1) !== 'deadlineAt');
  expect(paths.length).toBeGreaterThan(20);
  for (const path of paths) {
    for (const bad of [null, -1, 1e300, [], {}, 'x'.repeat(1_000), undefined]) {
      const text = JSON.stringify(bend(whole, path, bad));
      expect({ path, bad, ok: parseRecord(text).ok }).toEqual({ path, bad, ok: false });
    }
  }
});

test('whatever the text, it is a record or an error', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !parseRecord(text).ok));
});

function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

function bend(value: unknown, [key, ...rest]: readonly string[], bad: unknown): unknown {
  if (key === undefined) return bad;
  const object = value as Record<string, unknown>;
  return { ...object, [key]: bend(object[key], rest, bad) };
}
