/**
 * A run with a state directory, in the order that makes it safe: lock → record of the start → memory of the last run → … →
 * memory → record of the end → lock given back. Only the lock can refuse a run; what else cannot be written is a sentence.
 */
import type { Finding } from '../model/finding.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Summary, Verdict } from '../model/verdict.ts';
import { type AcquireOptions, acquireLock, type HeldBy, type Lock, type Unusable } from './lock.ts';
import { TargetMemory } from './memory.ts';
import { EMPTY_RECORD, type ExitStatus, type RunRecord, type RunStart, recordEnd, recordStart } from './run-record.ts';
import { readRecord, writeRecord } from './run-record-file.ts';

export interface RecordedRunOptions extends AcquireOptions {
  /** A UUID; the same that the heartbeat tells. */
  readonly runId: string;
  readonly version: string;
  /** Remember the targets of this run, and say what has changed: for `check`. */
  readonly remember?: boolean;
}

export interface RunResult {
  readonly exitStatus: ExitStatus;
  readonly summary: Summary;
  readonly deadlineReached: boolean;
  readonly interrupted: boolean;
}

/** @returns the error where another holds the lock, or where the state directory cannot be used at all. */
export async function beginRun(options: RecordedRunOptions): Promise<Result<RecordedRun, HeldBy | Unusable>> {
  const { dir, command, now, processes, deadlineAt, runId, version } = options;
  const lock = await acquireLock(options);
  if (!lock.ok) return err(lock.error);
  const notes = [...lock.value.notes];
  const before = await readRecord(dir, command);
  if (!before.ok) notes.push(`${before.error}; a new one is begun`);
  const startedAt = now();
  const run: RunStart = {
    id: runId,
    command,
    pid: processes.pid,
    startedAt,
    version,
    ...(deadlineAt === undefined ? {} : { deadlineAt: Math.round(deadlineAt) }),
  };
  const record = recordStart((before.ok ? before.value : undefined) ?? EMPTY_RECORD, run, lock.value.turnedAway);
  const written = await writeRecord(dir, command, record);
  if (!written.ok) notes.push(written.error);
  const opened = options.remember ? await TargetMemory.open(dir, startedAt) : undefined;
  if (opened?.note !== undefined) notes.push(opened.note);
  const parts = { lock: lock.value, memory: opened?.memory, record, run };
  return ok(new RecordedRun(options, parts, notes));
}

interface Parts {
  readonly lock: Lock;
  readonly memory: TargetMemory | undefined;
  readonly record: RunRecord;
  readonly run: RunStart;
}

export class RecordedRun {
  /** What is to be said about the start, a sentence each: a lock taken over, a record that was corrupt, … */
  readonly notes: readonly string[];
  readonly #options: RecordedRunOptions;
  readonly #parts: Parts;

  constructor(options: RecordedRunOptions, parts: Parts, notes: readonly string[]) {
    this.#options = options;
    this.#parts = parts;
    this.notes = notes;
  }

  /** What is being done, for whoever finds this run in the way: `check, 312 of 5000 targets`. Cheap. */
  doing(what: string): void {
    this.#parts.lock.doing(what);
  }

  /** Notes a verdict down; one at a time. @returns its `changed` findings, none where nothing is remembered. */
  async changes(verdict: Verdict): Promise<readonly Finding[]> {
    return (await this.#parts.memory?.changes(verdict)) ?? [];
  }

  /** To be called once, when the exit status stands. @returns what could not be written, a sentence each. */
  async finish(result: RunResult): Promise<readonly string[]> {
    const { dir, command, now } = this.#options;
    const { lock, memory, record, run } = this.#parts;
    const problems: string[] = [];
    const remembered = await memory?.commit();
    if (remembered && !remembered.ok) problems.push(remembered.error);
    if (remembered?.ok && remembered.value.damagedLines > 0) {
      problems.push(`${remembered.value.damagedLines} damaged lines in the memory of the last run were ignored`);
    }
    const end = recordEnd(record, { ...run, ...result, finishedAt: Math.max(run.startedAt, now()) });
    const written = await writeRecord(dir, command, end);
    if (!written.ok) problems.push(written.error);
    await lock.release();
    return problems;
  }

  /** Gives up without an end: the record keeps saying that the run never came to one. */
  async abandon(): Promise<void> {
    await this.#parts.memory?.abort();
    await this.#parts.lock.release();
  }
}
