/**
 * What has to be taken back after a challenge, written down before it is made: a file in the work folder that outlives a
 * SIGKILL. The run that made the traces takes them back by this record, and where it was killed the next one does.
 */
import { readFile, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import { sayErrno } from '../../say-errno.ts';
import { isObject } from '../failure.ts';
import type { Rfc2136 } from '../job.ts';
import { replacePrivate } from '../secret-files.ts';
import type { Surroundings } from '../work.ts';
import { type HookRun, runHook } from './dns-hook-run.ts';
import { removeRecord } from './rfc2136.ts';

export type Undo =
  /** `folders`: made for it, innermost first; removed again where they are empty. */
  | { readonly kind: 'file'; readonly paths: readonly string[]; readonly folders: readonly string[] }
  | ({ readonly kind: 'hook' } & HookRun)
  | {
      readonly kind: 'record';
      readonly rfc2136: Rfc2136;
      readonly zone: string;
      readonly name: string;
      readonly value: string;
      readonly nameServers?: readonly string[] | undefined;
    };

export const UNDO_FILE = 'clean-up.json';

/** What could not be taken back stays noted, but not without end. */
const MOST_NOTED = 1_000;

export class UndoRecord {
  readonly #path: string;
  #items: Undo[] | undefined;

  constructor(folder: string) {
    this.#path = join(folder, UNDO_FILE);
  }

  /** MUST have succeeded before the trace is made. Notes of earlier runs stay. */
  async add(item: Undo): Promise<Result<void, string>> {
    if (!this.#items) {
      const noted = await readNotes(this.#path);
      if (!noted.ok) return noted;
      this.#items = noted.value.slice(-MOST_NOTED);
    }
    this.#items.push(item);
    return writeNotes(this.#path, this.#items);
  }
}

async function readNotes(path: string): Promise<Result<Undo[], string>> {
  try {
    const notes: unknown = JSON.parse(await readFile(path, 'utf8'));
    return ok((Array.isArray(notes) ? notes : []).filter(isObject) as unknown as Undo[]);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT' ? ok([]) : err(`${path}: ${sayErrno(cause)}`);
  }
}

const writeNotes = (path: string, items: readonly Undo[]): Promise<Result<void, string>> =>
  replacePrivate(path, `${JSON.stringify(items, undefined, 1)}\n`);

export interface UndoOptions extends Surroundings {
  readonly deadline: Deadline;
}

/**
 * Takes back every trace that a run has noted in `folder`. What cannot be taken back stays noted.
 * @returns the number of traces taken back; the error is one sentence per trace that stays.
 */
export async function cleanUpAfter(folder: string, options: UndoOptions): Promise<Result<number, string>> {
  const path = join(folder, UNDO_FILE);
  const noted = await readNotes(path);
  if (!noted.ok) return noted;
  // The last made is the first to go, as hooks may expect.
  const left: Undo[] = [];
  const errors: string[] = [];
  for (const item of noted.value.toReversed()) {
    const done = await undo(item, options);
    if (done.ok) continue;
    left.unshift(item);
    errors.push(done.error);
  }
  if (left.length > 0) {
    await writeNotes(path, left);
    return err(errors.join('; '));
  }
  await unlink(path).catch(() => {});
  return ok(noted.value.length);
}

async function undo(item: Undo, options: UndoOptions): Promise<Result<void, string>> {
  switch (item.kind) {
    case 'file':
      return removeFiles(item.paths, item.folders);
    case 'hook': {
      const ran = await runHook(item, options);
      return ran.ok ? ok(undefined) : err(ran.error.detail);
    }
    case 'record': {
      const removed = await removeRecord(item, options);
      return removed.ok ? ok(undefined) : err(removed.error.detail);
    }
    default:
      return ok(undefined);
  }
}

async function removeFiles(paths: readonly string[], folders: readonly string[]): Promise<Result<void, string>> {
  for (const path of paths) {
    try {
      await unlink(path);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return err(`${path}: ${sayErrno(cause)}`);
    }
  }
  for (const folder of folders) await rmdir(folder).catch(() => {});
  return ok(undefined);
}
