/**
 * How reading, checking and installing a certificate set fails: a stable word and a sentence, and what the system's own
 * words mean.
 */
export type InstallReason =
  | 'incomplete'
  | 'unreadable'
  | 'key-unreadable'
  | 'key-mismatch'
  | 'names-missing'
  | 'not-valid-now'
  | 'chain-broken'
  | 'no-space'
  | 'no-permission'
  | 'cannot-keep-owner'
  | 'cannot-write'
  | 'no-such-version';

export interface InstallProblem {
  readonly reason: InstallReason;
  /** One sentence, never with a key in it. */
  readonly detail: string;
}

export const trouble = (reason: InstallReason, detail: string): InstallProblem => ({ reason, detail });

const WORDS: Readonly<Record<string, readonly [InstallReason, string]>> = {
  ENOSPC: ['no-space', 'no space left on the device'],
  EDQUOT: ['no-space', 'disk quota exceeded'],
  EACCES: ['no-permission', 'permission denied'],
  EPERM: ['no-permission', 'operation not permitted'],
  EROFS: ['no-permission', 'read-only file system'],
  ENOENT: ['cannot-write', 'no such file or folder'],
  ENOTDIR: ['cannot-write', 'a part of the path is no folder'],
  EISDIR: ['cannot-write', 'it is a folder'],
  ELOOP: ['cannot-write', 'its symbolic links go in a circle'],
};

export function sayErrno(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ? (WORDS[code]?.[1] ?? code) : (message ?? String(cause));
}

/** A failed system call on `path`. @throws what is no system error: a bug. */
export function systemTrouble(path: string, cause: unknown): InstallProblem {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined) throw cause;
  return trouble(WORDS[code]?.[0] ?? 'cannot-write', `${path}: ${sayErrno(cause)}`);
}
