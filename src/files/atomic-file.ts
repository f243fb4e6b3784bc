/**
 * A file that is written whole or not at all: temp file in the same folder → fsync → close → rename → fsync of the
 * folder. A reader sees the old version or the new one, also when the writer is killed or the disk is full. What a killed
 * writer leaves behind is a temporary file, which the next writer of the same file clears away.
 */
import { constants, promises as fs } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import { clearStaleTemps, tempName } from './stale-temps.ts';

export interface AtomicFileOptions {
  /** Permission bits of a new file; one that is replaced keeps its own. */
  readonly mode?: number;
}

/** Text is gathered up to this many characters before it goes to the disk. */
const GATHER = 64 * 1024;

export class AtomicFile {
  readonly #path: string;
  readonly #temp: string | undefined;
  readonly #handle: FileHandle;
  #gathered = '';
  /** A part is missing from then on: what was to be the new version must never be seen. */
  #failure: string | undefined;

  private constructor(path: string, temp: string | undefined, handle: FileHandle) {
    this.#path = path;
    this.#temp = temp;
    this.#handle = handle;
  }

  /**
   * Links are followed, so that what they point to is replaced and not the link. What is no regular file (`/dev/stdout`)
   * cannot be replaced and is written to as it is.
   * @returns the error as one sentence that names the file.
   */
  static async create(path: string, options: AtomicFileOptions = {}): Promise<Result<AtomicFile, string>> {
    try {
      const real = await fs.realpath(path).catch(() => path);
      const existing = await fs.lstat(real).catch(() => undefined);
      if (existing?.isDirectory()) return err(`${path}: is a folder, expected a file to write to`);
      if (existing && !existing.isFile()) {
        // Without O_NONBLOCK, opening a FIFO that nobody reads would wait for ever.
        const handle = await fs.open(real, constants.O_WRONLY | constants.O_NONBLOCK);
        return ok(new AtomicFile(real, undefined, handle));
      }
      const mode = existing ? existing.mode & 0o777 : (options.mode ?? 0o644);
      // Before there is one more: so there is never more than one, wherever writers are killed.
      await clearStaleTemps(dirname(real), basename(real));
      const temp = join(dirname(real), await tempName(basename(real)));
      const handle = await fs.open(temp, 'wx', mode);
      return ok(new AtomicFile(real, temp, handle));
    } catch (cause) {
      return err(`${path}: cannot be written (${reasonOf(cause)})`);
    }
  }

  async write(text: string): Promise<Result<void, string>> {
    this.#gathered += text;
    return this.#gathered.length >= GATHER ? this.#flush() : ok(undefined);
  }

  /** Makes the new version the one that readers see. After an error the old version still stands. */
  async commit(): Promise<Result<void, string>> {
    const flushed = await this.#flush();
    if (!flushed.ok) {
      await this.abort();
      return flushed;
    }
    try {
      if (this.#temp === undefined) {
        await this.#handle.close();
        return ok(undefined);
      }
      await this.#handle.sync();
      await this.#handle.close();
      await fs.rename(this.#temp, this.#path);
      await syncFolder(dirname(this.#path));
      return ok(undefined);
    } catch (cause) {
      await this.abort();
      return err(`${this.#path}: cannot be written (${reasonOf(cause)})`);
    }
  }

  /** Leaves the old version as it was and nothing else behind. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {});
    if (this.#temp !== undefined) await fs.unlink(this.#temp).catch(() => {});
  }

  async #flush(): Promise<Result<void, string>> {
    const text = this.#gathered;
    this.#gathered = '';
    if (this.#failure === undefined && text !== '') {
      await this.#handle.appendFile(text).catch((cause) => {
        this.#failure = `${this.#path}: cannot be written (${reasonOf(cause)})`;
      });
    }
    return this.#failure === undefined ? ok(undefined) : err(this.#failure);
  }
}

/** The whole of `text` as the new version of the file at `path`. */
export async function writeFileAtomically(
  path: string,
  text: string,
  options: AtomicFileOptions = {},
): Promise<Result<void, string>> {
  const file = await AtomicFile.create(path, options);
  if (!file.ok) return file;
  const written = await file.value.write(text);
  if (!written.ok) {
    await file.value.abort();
    return written;
  }
  return file.value.commit();
}

/** A rename is on the disk only once its folder is; some file systems do not support this, and need not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await fs.open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of its path is no folder',
  ENXIO: 'nobody reads from it',
  ENAMETOOLONG: 'its name is too long',
};

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ? (WORDS[code] ?? code) : String(cause);
}
