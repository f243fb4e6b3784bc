/**
 * Runs one after another over a state directory, as fast as it can, until it is killed; or one run on a disk that is full.
 * Arguments: what to do, the state directory.
 */
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtomicFile, writeFileAtomically } from '../../src/files/atomic-file.ts';
import { acquireLock } from '../../src/health/lock.ts';
import { memoryFile, TargetMemory } from '../../src/health/memory.ts';
import { beginRun } from '../../src/health/recorded-run.ts';
import { EMPTY_RECORD } from '../../src/health/run-record.ts';
import { readRecord, writeRecord } from '../../src/health/run-record-file.ts';
import { crashReport, crashVerdict, TARGETS } from './crash-content.ts';
import { realProcesses } from './process-double.ts';

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const acquire = (dir: string) =>
  acquireLock({ dir, command: 'check', now: Date.now, deadlineAt: Date.now() + 60_000, processes: realProcesses() });

function must<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

async function oneRun(dir: string, version: number, onStart: (notes: readonly string[]) => void): Promise<void> {
  const deadlineAt = Date.now() + 60_000;
  const options = { dir, command: 'check', now: Date.now, deadlineAt, processes: realProcesses(), remember: true };
  const run = must(await beginRun({ ...options, runId: 'x', version: '0.1.0' }));
  onStart(run.notes);
  const report = must(await AtomicFile.create(join(dir, 'report.txt')));
  const text = crashReport(version);
  for (let i = 0; i < TARGETS; i++) {
    await run.changes(crashVerdict(i, version));
    run.doing(`check, ${i} of ${TARGETS} targets`);
    must(await report.write(text.slice((i * text.length) / TARGETS, ((i + 1) * text.length) / TARGETS)));
  }
  must(await report.commit());
  const summary = { targets: TARGETS, ok: TARGETS, warning: 0, critical: 0, unknown: 0 };
  const problems = await run.finish({ exitStatus: 0, summary, deadlineReached: false, interrupted: false });
  if (problems.length > 0) throw new Error(problems.join());
}

async function runForEver(dir: string): Promise<void> {
  for (let version = 1; ; version++) {
    await oneRun(dir, version, (notes) => {
      if (version === 1) say({ notes });
    });
    say({ done: version });
  }
}

/** All that a run writes, on a disk with no room left: what is said, and what is on the disk afterwards. */
async function onFullDisk(dir: string): Promise<void> {
  await oneRun(dir, 1, () => {});
  const filler = join(dir, 'filler');
  await writeFile(filler, '');
  await writeFile(filler, Buffer.alloc(64 << 20)).catch(() => {});
  const record = await writeRecord(dir, 'check', { ...EMPTY_RECORD, turnedAway: 7 });
  const report = await writeFileAtomically(join(dir, 'report.txt'), crashReport(2));
  const lock = await acquire(dir);
  const { memory, note } = await TargetMemory.open(dir, Date.now());
  for (let i = 0; i < TARGETS; i++) await memory.changes(crashVerdict(i, 2));
  const committed = await memory.commit();
  const kept = {
    report: (await readFile(join(dir, 'report.txt'), 'utf8')) === crashReport(1),
    record: (await readRecord(dir, 'check')).ok,
    memory: (await readFile(memoryFile(dir), 'utf8')).split('\n').length > TARGETS,
    temps: (await readdir(dir)).filter((name) => name.endsWith('.tmp')),
  };
  await unlink(filler);
  await oneRun(dir, 2, () => {});
  const next = (await readFile(join(dir, 'report.txt'), 'utf8')) === crashReport(2);
  say({ record, report, lock: lock.ok ? 'taken' : lock.error, note, committed, kept, next });
}

const [what, dir] = process.argv.slice(2) as [string, string];
await (what === 'full' ? onFullDisk(dir) : runForEver(dir));
