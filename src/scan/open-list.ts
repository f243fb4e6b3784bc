/**
 * Opens a list of targets for reading.
 */
import { close, constants, createReadStream, fstat, open, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../model/result.ts';

/** What has been read of a pipe or a terminal is gone. */
export class ReadOnlyOnce extends Error {}

/** The lines of a piece are taken apart in one go: some hundred, and not some thousand. */
const PIECE = 16 * 1024;

type Opened = Result<AsyncIterable<Uint8Array>, string>;

/**
 * A pipe (`-f <(command)`) is read through the event loop and not by a thread of the pool: a thread that is stuck in a
 * read would hold up the end of the process.
 * @returns the error as a sentence without the path.
 */
export function openList(path: string): Promise<Opened> {
  return openWith(path, (fd, stats) =>
    stats.isFIFO()
      ? new Socket({ fd, readable: true, writable: false })
      : createReadStream(path, { fd, highWaterMark: PIECE }),
  );
}

/** @throws ReadOnlyOnce where another reader has had what was in it. */
export function reopenList(path: string): Promise<Opened> {
  return openWith(path, (fd, stats) => {
    if (stats.isFile()) return createReadStream(path, { fd, highWaterMark: PIECE });
    close(fd, () => {});
    throw new ReadOnlyOnce(path);
  });
}

async function openWith(path: string, read: (fd: number, stats: Stats) => AsyncIterable<Uint8Array>): Promise<Opened> {
  try {
    // A bare descriptor: a FileHandle would close it under the socket once it is garbage.
    const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await promisify(fstat)(fd);
    if (stats.isDirectory()) {
      await promisify(close)(fd);
      return err('is a folder, expected a list of targets');
    }
    return ok(read(fd, stats));
  } catch (cause) {
    if (cause instanceof ReadOnlyOnce) throw cause;
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    return err(`cannot be read as a list of targets (${code === 'ENOENT' ? 'there is no such file' : code})`);
  }
}
