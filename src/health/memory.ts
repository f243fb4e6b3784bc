/**
 * The memory of target states across runs: what is not as it was in the last run becomes a `changed` finding. One file in
 * the state directory, written whole at the end of a run; in memory there is an index of 21 to 40 bytes a target and one
 * block of the file, so it stays flat however long the list is. It is an aid: whatever is wrong with it is one sentence, and
 * never a run that fails.
 */
import { join } from 'node:path';
import { AtomicFile } from '../files/atomic-file.ts';
import type { Finding } from '../model/finding.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Verdict } from '../model/verdict.ts';
import { DAY } from '../time/duration.ts';
import { changesBetween } from './changes.ts';
import { HEADER, MemoryFile } from './memory-file.ts';
import { formatLine, keyOf, type Remembered, remember } from './remembered.ts';

/** What no run has looked at for so long is forgotten. Until then a run over another list leaves it as it was. */
const FORGET_AFTER_MS = 90 * DAY;

export const memoryFile = (dir: string): string => join(dir, 'targets.jsonl');

export interface Opened {
  readonly memory: TargetMemory;
  /** Why the last run is not remembered, or why this one will not be: one sentence. */
  readonly note?: string;
}

export class TargetMemory {
  readonly #before: MemoryFile;
  readonly #next: AtomicFile | undefined;
  readonly #now: number;
  #problem: string | undefined;
  #begun = false;

  private constructor(before: MemoryFile, next: Result<AtomicFile, string>, now: number) {
    this.#before = before;
    this.#next = next.ok ? next.value : undefined;
    this.#problem = next.ok ? undefined : next.error;
    this.#now = now;
  }

  /**
   * For the holder of the lock only.
   * @param dir the state directory.
   * @param now milliseconds since the epoch, of the run.
   */
  static async open(dir: string, now: number): Promise<Opened> {
    const path = memoryFile(dir);
    const read = await MemoryFile.open(path);
    const before = (read.ok ? read.value : undefined) ?? MemoryFile.empty();
    const memory = new TargetMemory(before, await AtomicFile.create(path), now);
    const unread = read.ok ? undefined : `the memory of the last run, ${path}, is not used: ${read.error}`;
    const note = memory.#problem ?? unread;
    return { memory, ...(note === undefined ? {} : { note }) };
  }

  /**
   * Notes a verdict down. One at a time, and each target's once.
   * @returns `changed` findings, severity info; the status stays what it is.
   */
  async changes(verdict: Verdict): Promise<readonly Finding[]> {
    const key = this.#keyOf(verdict);
    try {
      const before = await this.#before.find(key);
      const now = remember(verdict, key, this.#now);
      if (now) await this.#note(before?.leaf && !now.leaf ? { ...now, leaf: before.leaf } : now);
      else if (before) await this.#note(before);
      return before && now ? changesBetween(before, now) : [];
    } catch (cause) {
      // The disk fails under the old version.
      const { code } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      this.#problem ??= `the memory of the last run cannot be read any more (${code})`;
      return [];
    }
  }

  /**
   * Makes this run the one that the next is held against.
   * @returns how many lines of the memory were damaged and ignored; the error is one sentence, the same that `open` had.
   */
  async commit(): Promise<Result<{ readonly damagedLines: number }, string>> {
    try {
      await this.#begin();
      for await (const old of this.#before.unvisited()) {
        if (this.#now - old.at <= FORGET_AFTER_MS) await this.#note(old);
      }
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      this.#problem ??= `the memory of the last run cannot be read any more (${code})`;
    }
    await this.#before.close();
    if (this.#problem !== undefined || !this.#next) {
      await this.#next?.abort();
      return err(this.#problem ?? 'the memory could not be written');
    }
    const committed = await this.#next.commit();
    return committed.ok ? ok({ damagedLines: this.#before.damaged }) : committed;
  }

  /** Leaves the memory of the run before as it was. */
  async abort(): Promise<void> {
    await this.#before.close();
    await this.#next?.abort();
  }

  #keyOf({ target }: Verdict): string {
    for (let occurrence = 1; ; occurrence++) {
      const key = keyOf(target, occurrence);
      if (this.#before.index.visit(key)) return key;
    }
  }

  async #note(remembered: Remembered): Promise<void> {
    await this.#begin();
    await this.#write(formatLine(remembered));
  }

  async #begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    await this.#write(HEADER);
  }

  async #write(text: string): Promise<void> {
    if (!this.#next || this.#problem !== undefined) return;
    const written = await this.#next.write(text);
    if (!written.ok) this.#problem = written.error;
  }
}
