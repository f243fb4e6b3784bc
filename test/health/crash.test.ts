/**
 * kill -9 at any moment, and full disks: each file is the old version or the new one, the next run works, and nothing piles
 * up. `CERTWATCH_CRASHES=200` kills more often.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFileAtomically } from '../../src/files/atomic-file.ts';
import { acquireLock } from '../../src/health/lock.ts';
import { TargetMemory } from '../../src/health/memory.ts';
import { readRecord, writeRecord } from '../../src/health/run-record-file.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { versionOf } from './crash-content.ts';
import { realProcesses } from './process-double.ts';
import { buildWorker, startWorker } from './workers.ts';

const CRASHES = Number(process.env.CERTWATCH_CRASHES ?? 40);

/** Kills land all over the first so many runs of a process. */
const RUNS = 2;

let built: TempFolder;
let worker: string;

beforeAll(async () => {
  built = await tempFolder('crash-worker');
  worker = await buildWorker('crash-worker.ts', built.path);
});
afterAll(() => built.remove());

const temps = async (dir: string) => {
  const names = await readdir(dir, { recursive: true });
  return names.filter((name) => name.endsWith('.tmp'));
};

/** How long so many runs take, here and now; the last process is killed in the middle of another. */
async function runsTakeMs(): Promise<number> {
  await using dir = await tempFolder('not-killed');
  const run = startWorker(worker, ['cycle', dir.path]);
  expect(await run.next()).toEqual({ notes: [] });
  const startedAt = performance.now();
  for (let i = 1; i <= RUNS; i++) expect(await run.next()).toEqual({ done: i });
  const tookMs = performance.now() - startedAt;
  run.child.kill('SIGKILL');
  await run.ended;
  return tookMs;
}

test(`killed ${CRASHES} times`, { timeout: 20_000 + CRASHES * 1_000 }, async () => {
  await using dir = await tempFolder('crash');
  const longestLifeMs = await runsTakeMs();
  let takenOver = 0;
  let leftTemps = 0;
  let reported = 0;
  for (let i = 0; i < CRASHES; i++) {
    const run = startWorker(worker, ['cycle', dir.path]);
    // A run that cannot work throws, and never says this.
    const said = (await run.next()) as { notes: string[] } | undefined;
    expect(said?.notes.filter((note) => !note.startsWith('took over the lock'))).toEqual([]);
    takenOver += said?.notes.length ?? 0;
    await sleep((longestLifeMs * i) / CRASHES);
    run.child.kill('SIGKILL');
    expect((await run.ended).signal).toBe('SIGKILL');

    const report = await readFile(dir.at('report.txt'), 'utf8').catch(() => undefined);
    if (report !== undefined) expect(versionOf(report)).toBeGreaterThan(0);
    reported += report === undefined ? 0 : 1;
    expect(await readRecord(dir.path, 'check')).toMatchObject({ ok: true });
    const left = await temps(dir.path);
    // One a file at most: each run clears away what the one before left.
    expect(left.length).toBeLessThanOrEqual(4);
    leftTemps += left.length;
  }
  // It did hit runs in their middle.
  expect(Math.min(takenOver, leftTemps, reported)).toBeGreaterThan(CRASHES / 10);

  const lock = await acquireLock({ dir: dir.path, command: 'check', now: Date.now, processes: realProcesses() });
  const { memory, note } = await TargetMemory.open(dir.path, Date.now());
  expect(note).toBe(undefined);
  expect(await memory.commit()).toEqual({ ok: true, value: { damagedLines: 0 } });
  const record = await readRecord(dir.path, 'check');
  if (!record.ok || !record.value || !lock.ok) throw new Error('the next run does not work');
  await writeRecord(dir.path, 'check', record.value);
  await writeFileAtomically(dir.at('report.txt'), 'done\n');
  await lock.value.release();
  expect(await temps(dir.path)).toEqual([]);
  expect((await readdir(dir.path)).sort()).toEqual(['check.lock', 'check.run.json', 'report.txt', 'targets.jsonl']);
});

const inNamespace = (command: string) =>
  promisify(execFile)('unshare', ['--mount', 'sh', '-c', command], { timeout: 15_000 });

/** A file system of its own in a namespace of its own: gone with the process. Needs root. */
const canMount = await inNamespace('mount -t tmpfs -o size=64k tmpfs /mnt').then(
  () => true,
  () => false,
);

test.skipIf(!canMount)('a full disk is a sentence each time, and the next run works once there is room', async () => {
  await using dir = await tempFolder('full');
  const command = `mount -t tmpfs -o size=2m tmpfs ${dir.path} && ${process.execPath} ${worker} full ${dir.path}`;
  const { stdout } = await inNamespace(command);
  const full = expect.stringContaining('no space left on the device');
  expect(JSON.parse(stdout)).toEqual({
    record: { ok: false, error: full },
    report: { ok: false, error: full },
    lock: { kind: 'unusable', message: full },
    committed: { ok: false, error: full },
    kept: { report: true, record: true, memory: true, temps: [] },
    next: true,
  });
});
