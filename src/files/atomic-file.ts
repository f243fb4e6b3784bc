/**
 * A file that is written whole or not at all: temp file in the same folder → fsync → close → rename → fsync of the
 * folder. A reader sees the old version or the new one, also when the writer is killed or the disk is full. What a killed
 * writer leaves behind is a temporary file, which the next writer of the same file clears away.
 */
import { appendFile, constants, promises as fs, fstat, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../model/result.ts';
import { openPipe } from './pipe-sink.ts';
import { clearStaleTemps, tempName } from './stale-temps.ts';

export interface AtomicFileOptions {
  /** Permission bits of a new file; one that is replaced keeps its own. */
  readonly mode?: number;
}

/** Where the text goes. */
export interface Sink {
  append(text: string): Promise<void>;
  /** Resolves when all of it has arrived. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What names a descriptor of this process, and no file: where it leads is somebody else's, and must not be replaced. */
const DESCRIPTOR = /^\/(?:dev\/(?:std(out|err)|fd\/(\d+))|proc\/self\/fd\/(\d+))$/;

function descriptorOf(path: string): number | undefined {
  const [found, standard, ...numbers] = DESCRIPTOR.exec(path) ?? [];
  if (found === undefined) return undefined;
  return standard ? (standard === 'out' ? 1 : 2) : Number(numbers.join(''));
}

/** Text is gathered up to this many characters before it goes to the disk. */
const GATHER = 64 * 1024;

export class AtomicFile {
  /** It goes to somebody who reads it as it comes, and may take all the time there is (a pipe). */
  readonly hasReader: boolean;
  readonly #path: string;
  readonly #temp: string | undefined;
  readonly #sink: Sink;
  #gathered = '';
  /** A part is missing from then on: what was to be the new version must never be seen. */
  #failure: string | undefined;

  private constructor(path: string, { sink, temp, hasReader = false }: Opened) {
    this.#path = path;
    this.#temp = temp;
    this.#sink = sink;
    this.hasReader = hasReader;
  }

  /**
   * Links are followed, so that what they point to is replaced and not the link. What is no regular file (`/dev/stdout`)
   * cannot be replaced and is written to as it is.
   * @returns the error as one sentence that names the file.
   */
  static async create(path: string, options: AtomicFileOptions = {}): Promise<Result<AtomicFile, string>> {
    try {
      const descriptor = descriptorOf(path);
      const real = descriptor === undefined ? await fs.realpath(path).catch(() => path) : path;
      const existing = await fs.stat(real).catch(() => undefined);
      const isLink = descriptor === undefined && !existing && (await fs.lstat(real).catch(() => undefined));
      if (isLink) return err(`${path}: is a link that leads nowhere`);
      if (existing?.isDirectory()) return err(`${path}: is a folder, expected a file to write to`);
      return ok(new AtomicFile(real, await open(real, { ...options, existing, descriptor })));
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
      await this.#sink.sync();
      await this.#sink.close();
      if (this.#temp === undefined) return ok(undefined);
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
    await this.#sink.close().catch(() => {});
    if (this.#temp !== undefined) await fs.unlink(this.#temp).catch(() => {});
  }

  async #flush(): Promise<Result<void, string>> {
    const text = this.#gathered;
    this.#gathered = '';
    if (this.#failure === undefined && text !== '') {
      await this.#sink.append(text).catch((cause) => {
        this.#failure = `${this.#path}: cannot be written (${reasonOf(cause)})`;
      });
    }
    return this.#failure === undefined ? ok(undefined) : err(this.#failure);
  }
}

interface Opened {
  readonly sink: Sink;
  /** Absent: there is none. */
  readonly temp?: string;
  readonly hasReader?: boolean;
}

interface OpenOptions extends AtomicFileOptions {
  /** What is there. */
  readonly existing: Stats | undefined;
  /** Where the path names one. */
  readonly descriptor: number | undefined;
}

/** @throws the system's error. */
async function open(real: string, options: OpenOptions): Promise<Opened> {
  const { existing, descriptor } = options;
  if (existing?.isFIFO()) return { sink: await openPipe(real), hasReader: true };
  if (descriptor !== undefined) return { sink: await descriptorSink(descriptor) };
  return !existing || existing.isFile() ? beside(real, options) : asItIs(real);
}

/** A temporary file, to be put in the place of `real`. */
async function beside(real: string, { existing, mode: wanted = 0o644 }: OpenOptions): Promise<Opened> {
  const mode = existing ? existing.mode & 0o777 : wanted;
  // Before there is one more: so there is never more than one, wherever writers are killed.
  await clearStaleTemps(dirname(real), basename(real));
  const temp = join(dirname(real), await tempName(basename(real)));
  const handle = await fs.open(temp, 'wx', mode);
  return {
    temp,
    sink: { append: (text) => handle.appendFile(text), sync: () => handle.sync(), close: () => handle.close() },
  };
}

/** What cannot be replaced. */
async function asItIs(path: string): Promise<Opened> {
  // Without O_NONBLOCK, opening a device may wait for ever.
  const handle = await fs.open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return { sink: { append: (text) => handle.appendFile(text), sync: async () => {}, close: () => handle.close() } };
}

/** Goes on where others that share the descriptor have stopped; it stays open for them. @throws where it is not open. */
async function descriptorSink(fd: number): Promise<Sink> {
  await promisify(fstat)(fd);
  return { append: (text) => promisify(appendFile)(fd, text), sync: async () => {}, close: async () => {} };
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
  EPIPE: 'nobody reads from it any more',
  EBADF: 'that descriptor is not open for writing',
  ENAMETOOLONG: 'its name is too long',
};

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ? (WORDS[code] ?? code) : String(cause);
}
