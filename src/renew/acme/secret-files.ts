/**
 * Files that hold keys: made with O_EXCL and mode 0600 in folders of mode 0700, so that they are nobody else's to read,
 * not for an instant, and complete or not there: written under another name, synced, then linked into place.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../model/result.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const OTHERS = 0o077;

/**
 * Makes the folder, and those above it, where it is not there; one that is there must be closed to others.
 * @returns the error as one sentence with the path.
 */
export async function privateFolder(path: string): Promise<Result<void, string>> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER });
    const found = await lstat(path);
    if (!found.isDirectory()) return err(`${path}: expected a folder`);
    if ((found.mode & OTHERS) !== 0) {
      const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
      return err(`${path}: holds keys but is open to others (mode ${mode}, expected 0700)`);
    }
    return ok(undefined);
  } catch (cause) {
    return err(`${path}: ${sayErrno(cause)}`);
  }
}

/**
 * Puts a new file in place unless one of that name is there: of several writers at once exactly one wins, and nobody
 * ever sees half a file.
 * @returns whether it was this one.
 */
export async function createOnce(path: string, content: string): Promise<Result<boolean, string>> {
  return placed(path, content, async (temporary) => {
    try {
      await link(temporary, path);
      return true;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      return false;
    } finally {
      await unlink(temporary);
    }
  });
}

/** Puts a file in place of whatever was there. */
export async function replacePrivate(path: string, content: string): Promise<Result<void, string>> {
  const done = await placed(path, content, async (temporary) => {
    await rename(temporary, path);
    return true;
  });
  return done.ok ? ok(undefined) : done;
}

async function placed(
  path: string,
  content: string,
  place: (temporary: string) => Promise<boolean>,
): Promise<Result<boolean, string>> {
  const temporary = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', PRIVATE_FILE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    const mine = await place(temporary);
    await syncFolder(dirname(path));
    return ok(mine);
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    return err(`${path}: ${sayErrno(cause)}`);
  }
}

/** A new name is on the disk only once its folder is; some file systems cannot sync folders and need not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'files of this user may not be so large',
  EROFS: 'read-only file system',
  EISDIR: 'is a folder',
};

export function sayErrno(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ? (WORDS[code] ?? code) : (message ?? String(cause));
}
