/**
 * Files that hold keys, in folders of mode 0700: nobody else's to read, not for an instant, and complete or not there.
 */
import { link, lstat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { tempName } from '../../files/stale-temps.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { createFile, replaceFile, syncFolder } from '../install/private-file.ts';
import { sayErrno } from '../say-errno.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = { mode: 0o600 } as const;
const OTHERS = 0o077;

/**
 * Makes the folder, and those above it, where it is not there; one that is there must be closed to others.
 * @returns the error as one sentence with the path.
 */
export async function privateFolder(path: string): Promise<Result<void, string>> {
  try {
    await makeFolder(path, PRIVATE_FOLDER);
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
  const temporary = join(dirname(path), await tempName(basename(path)));
  try {
    await createFile(temporary, content, PRIVATE_FILE);
    await link(temporary, path);
    await syncFolder(dirname(path));
    return ok(true);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EEXIST' ? ok(false) : err(`${path}: ${sayErrno(cause)}`);
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/** Puts a file in place of whatever was there. */
export async function replacePrivate(path: string, content: string): Promise<Result<void, string>> {
  try {
    await replaceFile(path, content, PRIVATE_FILE);
    return ok(undefined);
  } catch (cause) {
    return err(`${path}: ${sayErrno(cause)}`);
  }
}
