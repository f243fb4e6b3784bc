/**
 * Opens a list of targets for reading.
 */
import { close, constants, createReadStream, fstat, open, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../model/result.ts';
import { Deadline } from '../time/deadline.ts';

/** What has been read of a pipe or a terminal is gone. */
export class ReadOnlyOnce extends Error {}

/** The lines of a piece are taken apart in one go: some hundred, and not some thousand. */
const PIECE = 16 * 1024;

type Opened = Result<AsyncIterable<Uint8Array>, string>;

/** In which a piece of a file comes; a disk that takes longer is dead. A pipe has all the time that there is. */
export interface Patient {
  readonly withinMs: number;
}

const DEAD = 'its disk does not answer';

/**
 * A pipe (`-f <(command)`) is read through the event loop and not by a thread of the pool: a thread that is stuck in a
 * read would hold up the end of the process.
 * @returns the error as a sentence without the path.
 */
export function openList(path: string, patient: Patient): Promise<Opened> {
  return openWith(path, patient, (fd, stats) =>
    stats.isFIFO() ? new Socket({ fd, readable: true, writable: false }) : readFileAt(path, fd, patient),
  );
}

/** @throws ReadOnlyOnce where another reader has had what was in it. */
export function reopenList(path: string, patient: Patient): Promise<Opened> {
  return openWith(path, patient, (fd, stats) => {
    if (stats.isFile()) return readFileAt(path, fd, patient);
    close(fd, () => {});
    throw new ReadOnlyOnce(path);
  });
}

type Read = (fd: number, stats: Stats) => AsyncIterable<Uint8Array>;

async function openWith(path: string, { withinMs }: Patient, read: Read): Promise<Opened> {
  const patience = Deadline.after(withinMs);
  const opening = openToRead(path);
  try {
    const opened = await patience.race(opening);
    if (!opened) {
      // Should it come back to life.
      opening.then(({ fd }) => close(fd, () => {})).catch(() => {});
      return unread(DEAD);
    }
    const { fd, stats } = opened;
    if (stats.isDirectory()) {
      await promisify(close)(fd);
      return err('is a folder, expected a list of targets');
    }
    return ok(read(fd, stats));
  } catch (cause) {
    if (cause instanceof ReadOnlyOnce) throw cause;
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    return unread(code === 'ENOENT' ? 'there is no such file' : code);
  } finally {
    patience.release();
  }
}

const unread = (why: string): Opened => err(`cannot be read as a list of targets (${why})`);

async function openToRead(path: string): Promise<{ fd: number; stats: Stats }> {
  // A bare descriptor: a FileHandle would close it under the socket once it is garbage.
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { fd, stats: await promisify(fstat)(fd) };
}

async function* readFileAt(path: string, fd: number, { withinMs }: Patient): AsyncGenerator<Uint8Array> {
  const pieces = createReadStream(path, { fd, highWaterMark: PIECE })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const patience = Deadline.after(withinMs);
      const next = await patience.race(pieces.next());
      patience.release();
      if (!next) throw Object.assign(new Error(DEAD), { code: DEAD });
      if (next.done) return;
      yield next.value as Uint8Array;
    }
  } finally {
    void pieces.return?.();
  }
}
