/**
 * The content of a regular file, never blocking on what is none, never more than so many bytes.
 */
import { constants, promises as fs, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Failure } from '../model/observation.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';

const CHUNK_BYTES = 64 * 1024;

export interface RegularFileOptions {
  readonly deadline: Deadline;
  readonly mostBytes: number;
  /** What it is wanted as, for the sentence that says it is too large: `certificate file`. */
  readonly isWhat: string;
}

/**
 * @returns else `read-failed` (`not-found`, `no-permission`, `not-a-file`, `too-large`, `too-many-open-files`,
 * `read-error`) with a sentence that names the path, or `timeout` in phase `read`.
 */
export async function readRegularFile(path: string, options: RegularFileOptions): Promise<Result<Uint8Array, Failure>> {
  const { deadline } = options;
  const read = deadline.expired ? undefined : await deadline.race(readOpened(path, options));
  return read ?? readTimeout(path);
}

export function readFailure(reason: string, detail: string): Result<never, Failure> {
  return err({ code: 'read-failed', phase: 'read', reason, detail });
}

export function readTimeout(path: string): Result<never, Failure> {
  return err({ code: 'timeout', phase: 'read', reason: 'deadline', detail: `${path} could not be read in time` });
}

/** Looked at before it is opened, since opening a device can do things; and again after, since it may have been swapped. */
async function readOpened(path: string, options: RegularFileOptions): Promise<Result<Uint8Array, Failure>> {
  let file: FileHandle | undefined;
  try {
    const refused = refuse(path, await fs.stat(path), options);
    if (refused) return refused;
    // Without O_NONBLOCK a FIFO that came in between would hold one of libuv's four threads for ever.
    file = await fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    return refuse(path, stats, options) ?? (await readAll(path, file, options));
  } catch (cause) {
    return readFailure(...systemError(path, cause as NodeJS.ErrnoException));
  } finally {
    await file?.close();
  }
}

function refuse(path: string, stats: Stats, options: RegularFileOptions): Result<never, Failure> | undefined {
  if (!stats.isFile()) return readFailure('not-a-file', `${path} is ${kindOf(stats)}, not a file`);
  return stats.size > options.mostBytes ? tooLarge(path, options) : undefined;
}

function tooLarge(path: string, { mostBytes, isWhat }: RegularFileOptions): Result<never, Failure> {
  const most = mostBytes < 1024 * 1024 ? `${Math.floor(mostBytes / 1024)} KiB` : `${mostBytes / 1024 / 1024} MiB`;
  return readFailure('too-large', `${path} is larger than ${most}: that is no ${isWhat}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** To the end, whatever size was told: files below /proc tell 0, others grow. */
async function readAll(
  path: string,
  file: FileHandle,
  options: RegularFileOptions,
): Promise<Result<Uint8Array, Failure>> {
  const chunks: Buffer[] = [];
  let total = 0;
  while (!options.deadline.expired) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) break;
    total += bytesRead;
    if (total > options.mostBytes) return tooLarge(path, options);
    chunks.push(chunk.subarray(0, bytesRead));
  }
  return ok(Buffer.concat(chunks, total));
}

function systemError(path: string, cause: NodeJS.ErrnoException): [reason: string, detail: string] {
  switch (cause.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return ['not-found', `there is no file ${path}`];
    case 'EACCES':
    case 'EPERM':
      return ['no-permission', `no permission to read ${path}`];
    case 'ELOOP':
      return ['not-found', `the symbolic links of ${path} go in a circle`];
    case 'ENXIO':
      return ['not-a-file', `${path} is not a file`];
    case 'EMFILE':
    case 'ENFILE':
      return ['too-many-open-files', 'this process has too many open files (raise `ulimit -n` or lower --concurrency)'];
    default:
      return ['read-error', `${path} could not be read (${cause.code ?? cause.message})`];
  }
}
