/**
 * The journal of one certificate: `<state>/renewals/NAME.jsonl`. Each line is on the disk before what it speaks of is
 * begun. Only the holder of the lock writes it; anybody may read it.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { syncFolder } from '../install/private-file.ts';
import { sayErrno } from '../say-errno.ts';
import { formatEntry, type JournalEntry, parseEntries } from './entry.ts';
import { attemptsOf, entriesToKeep } from './history.ts';

/** What a journal may grow to before its old attempts go. */
const LARGEST = 256 * 1024;

/** Never more is read: a journal is cut long before. */
const MOST_READ = 16 * LARGEST;

export const journalFolder = (state: string): string => join(state, 'renewals');
export const journalFile = (state: string, name: string): string => join(journalFolder(state), `${name}.jsonl`);

export class Journal {
  readonly path: string;
  readonly #entries: JournalEntry[];
  /** The last line has no end: it was cut off, and the next one must not be glued to it. */
  #torn: boolean;

  private constructor(path: string, entries: JournalEntry[], torn: boolean) {
    this.path = path;
    this.#entries = entries;
    this.#torn = torn;
  }

  /** For writing: the folder is made, and what is too old goes. */
  static async open(state: string, name: string): Promise<Result<Journal, string>> {
    const path = journalFile(state, name);
    try {
      await makeFolder(journalFolder(state), 0o700);
    } catch (cause) {
      return err(`${journalFolder(state)}: ${sayErrno(cause)}`);
    }
    const text = await readText(path);
    if (!text.ok) return text;
    const entries = parseEntries(text.value);
    if (text.value.length <= LARGEST) return ok(new Journal(path, entries, !/(^|\n)$/.test(text.value)));
    const kept = entriesToKeep(attemptsOf(entries));
    const written = await writeFileAtomically(path, kept.map(formatEntry).join(''), { mode: 0o600 });
    return written.ok ? ok(new Journal(path, [...kept], false)) : written;
  }

  /** For reading only. */
  static async read(state: string, name: string): Promise<Result<readonly JournalEntry[], string>> {
    const text = await readText(journalFile(state, name));
    return text.ok ? ok(parseEntries(text.value)) : text;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** Resolves when the line is on the disk. */
  async append(entry: JournalEntry): Promise<Result<void, string>> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
      const isNew = (await file.stat()).size === 0;
      const line = formatEntry(entry);
      const whole = this.#torn ? `\n${line}` : line;
      // Until it is known to be whole, it counts as torn.
      this.#torn = true;
      await file.appendFile(whole);
      this.#torn = false;
      await file.datasync();
      if (isNew) await syncFolder(join(this.path, '..'));
      this.#entries.push(entry);
      return ok(undefined);
    } catch (cause) {
      return err(`the journal ${this.path} cannot be written: ${sayErrno(cause)}`);
    } finally {
      await file?.close().catch(() => {});
    }
  }
}

/** '' where there is none. */
async function readText(path: string): Promise<Result<string, string>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) return err(`the journal ${path} is no file`);
    const length = Math.min(stats.size, MOST_READ);
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, stats.size - length);
    return ok(buffer.toString('utf8', 0, bytesRead));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ok('');
    return err(`the journal ${path} cannot be read: ${sayErrno(cause)}`);
  } finally {
    await file?.close().catch(() => {});
  }
}
