/**
 * What the system says when a call on a file fails, in words. Pure.
 */

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  EEXIST: 'something else is there already',
  EIO: 'the disk reports an error',
  EBUSY: 'it is in use',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ELOOP: 'its symbolic links go in a circle',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'files of this user may not be so large',
};

/** @param cause whatever was thrown; the code stands for itself where there are no words for it. */
export function sayErrno(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ? (WORDS[code] ?? code) : (message ?? String(cause));
}
