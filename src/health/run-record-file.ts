/**
 * The file of a run record: read with bounds, replaced as a whole.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { RunRecord } from './run-record.ts';
import { parseRecord, SCHEMA } from './run-record-text.ts';

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
