/**
 * A whole run with a state directory: what it leaves for `certwatch status` and for the next run.
 */
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readHealth } from '../../src/health/read-health.ts';
import { beginRun, type RecordedRun, type RecordedRunOptions } from '../../src/health/recorded-run.ts';
import { recordFile } from '../../src/health/run-record-file.ts';
import { DEFAULT_MAX_AGE_MS } from '../../src/health/status.ts';
import { formatHealth } from '../../src/health/status-text.ts';
import { HOUR, MINUTE } from '../../src/time/duration.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { NOW } from '../verdict/builders.ts';
import { crashVerdict } from './crash-content.ts';
import { realProcesses } from './process-double.ts';

const processes = realProcesses();

async function begin(dir: string, at: number, over: Partial<RecordedRunOptions> = {}): Promise<RecordedRun> {
  const ids = { runId: '3e9c0b52-5a1c-4f6e-8f43-0d3b6c1f2a11', version: '0.1.0' };
  const run = await beginRun({ dir, command: 'check', now: () => at, processes, remember: true, ...ids, ...over });
  if (!run.ok) throw new Error(JSON.stringify(run.error));
  return run.value;
}

const result = {
  exitStatus: 2 as const,
  summary: { targets: 1, ok: 0, warning: 0, critical: 1, unknown: 0 },
  deadlineReached: false,
  interrupted: false,
};

const status = async (dir: string, at: number) =>
  formatHealth(await readHealth({ dir, now: () => at, maxAgeMs: DEFAULT_MAX_AGE_MS, processes }), at);

test('from the first run to the third', async () => {
  await using dir = await tempFolder();
  const first = await begin(dir.at('state'), NOW, { deadlineAt: NOW + HOUR });
  expect(first.notes).toEqual([]);
  expect(await first.changes(crashVerdict(1, 1))).toEqual([]);
  expect(await status(dir.at('state'), NOW + MINUTE)).toMatchObject({
    exitCode: 3,
    text: expect.stringContaining('no check has come to its end yet, one is running'),
  });
  expect(await first.finish(result)).toEqual([]);
  expect(await status(dir.at('state'), NOW + HOUR)).toMatchObject({
    exitCode: 0,
    text: expect.stringContaining('last check ended 1h ago (CRITICAL, 1 target: 1 critical)'),
  });

  const second = await begin(dir.at('state'), NOW + HOUR);
  expect((await second.changes(crashVerdict(1, 2))).map(({ data }) => data)).toEqual([
    { what: 'status', old: 'unknown', new: 'ok' },
  ]);
  await second.abandon();
  expect(await status(dir.at('state'), NOW + HOUR)).toMatchObject({
    exitCode: 1,
    text: expect.stringContaining('1 check run in a row never came to an end'),
  });

  const third = await begin(dir.at('state'), NOW + 2 * HOUR);
  expect(await third.changes(crashVerdict(1, 2))).toHaveLength(1);
  expect(await third.finish(result)).toEqual([]);
  expect((await status(dir.at('state'), NOW + 2 * HOUR)).exitCode).toBe(0);
});

test('a run that is on turns the next one away', async () => {
  await using dir = await tempFolder();
  const run = await begin(dir.path, NOW);
  const options = { dir: dir.path, command: 'check', now: () => NOW, processes, runId: 'x', version: '0.1.0' };
  expect(await beginRun(options)).toMatchObject({ ok: false, error: { kind: 'held', turnedAway: 1 } });
  await run.finish(result);
});

test('a corrupt record is said, and the run goes on', async () => {
  await using dir = await tempFolder();
  await writeFile(recordFile(dir.path, 'check'), '{');
  const run = await begin(dir.path, NOW);
  expect(run.notes).toEqual([expect.stringMatching(/is corrupt: it is not JSON; a new one is begun$/)]);
  expect(await run.finish(result)).toEqual([]);
  expect((await status(dir.path, NOW)).exitCode).toBe(0);
});
