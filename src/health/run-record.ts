/**
 * The run record: what `certwatch status` answers from. Written whole at a run's start and at its end, so that a run that
 * never came to its end leaves the trace of its start. Each command has a record of its own: a renewal that works must not
 * hide a check that does not. Only the holder of the command's lock writes it.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Summary } from '../model/verdict.ts';
import { parseRecord, SCHEMA } from './run-record-text.ts';

export type ExitStatus = 0 | 1 | 2 | 3;

export interface RunStart {
  readonly id: string;
  readonly command: string;
  readonly pid: number;
  /** Milliseconds since the epoch, like all times here. */
  readonly startedAt: number;
  readonly deadlineAt?: number;
  readonly version: string;
}

export interface RunEnd extends RunStart {
  readonly finishedAt: number;
  readonly exitStatus: ExitStatus;
  readonly summary: Summary;
  readonly deadlineReached: boolean;
  readonly interrupted: boolean;
}

export interface RunRecord {
  /** The run that is on, or that never came to its end; absent once it has. */
  readonly unfinished?: RunStart;
  /** The last run that came to its end. */
  readonly complete?: RunEnd;
  /** Runs in a row that never came to their end, before `unfinished`. */
  readonly lostInARow: number;
  /** Runs in a row, up to `complete`, that ended UNKNOWN. */
  readonly unknownInARow: number;
  /** Runs turned away by the lock, between the run before the last one that started and that one. */
  readonly turnedAway: number;
}

export const EMPTY_RECORD: RunRecord = { lostInARow: 0, unknownInARow: 0, turnedAway: 0 };

/** A record is some hundred bytes; more than this is none. */
const LARGEST = 64 * 1024;

export const recordFile = (dir: string, command: string): string => join(dir, `${command}.run.json`);

/** @returns undefined where there is none; the error is one sentence. */
export async function readRecord(dir: string, command: string): Promise<Result<RunRecord | undefined, string>> {
  const path = recordFile(dir, command);
  const text = await readCapped(path);
  if (!text.ok) return text;
  if (text.value === undefined) return ok(undefined);
  const record = parseRecord(text.value);
  return record.ok ? record : err(`the run record ${path} is corrupt: ${record.error}`);
}

/**
 * The record of a run that is on.
 * @param turnedAway what the lock counted for the holder before.
 */
export function recordStart(before: RunRecord, run: RunStart, turnedAway: number): RunRecord {
  return {
    ...before,
    unfinished: run,
    lostInARow: before.unfinished ? before.lostInARow + 1 : before.lostInARow,
    turnedAway,
  };
}

/** The record of a run that came to its end, whatever its exit status. */
export function recordEnd(before: RunRecord, end: RunEnd): RunRecord {
  const { unfinished: _, ...rest } = before;
  return {
    ...rest,
    complete: end,
    lostInARow: 0,
    unknownInARow: end.exitStatus === 3 ? before.unknownInARow + 1 : 0,
  };
}

/** @returns the error as one sentence that names the file. */
export async function writeRecord(dir: string, command: string, record: RunRecord): Promise<Result<void, string>> {
  return writeFileAtomically(recordFile(dir, command), `${JSON.stringify({ schema: SCHEMA, ...record }, null, 2)}\n`);
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EIO: 'the disk cannot be read',
};

async function readCapped(path: string): Promise<Result<string | undefined, string>> {
  try {
    // O_NONBLOCK: a FIFO in its place must not be waited for.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return err(`the run record ${path} is no file`);
      const buffer = Buffer.alloc(LARGEST + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      if (bytesRead > LARGEST) return err(`the run record ${path} is corrupt: it is larger than any record`);
      return ok(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return ok(undefined);
    if (code === undefined) throw cause;
    return err(`the run record ${path} cannot be read (${WORDS[code] ?? code})`);
  }
}
