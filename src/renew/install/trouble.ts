/**
 * How reading, checking and installing a certificate set fails: a stable word and a sentence.
 */
import type { RenewalAdvice } from '../../model/renewal.ts';
import { sayErrno } from '../say-errno.ts';

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
  readonly advice?: RenewalAdvice;
}

export const trouble = (reason: InstallReason, detail: string): InstallProblem => ({ reason, detail });

const REASONS: Readonly<Record<string, InstallReason>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EACCES: 'no-permission',
  EPERM: 'no-permission',
  EROFS: 'no-permission',
};

const ADVICE: Readonly<Partial<Record<InstallReason, RenewalAdvice>>> = {
  'no-space': 'check-disk',
  'no-permission': 'fix-permissions',
};

/** A failed system call on `path`. @throws what is no system error: a bug. */
export function systemTrouble(path: string, cause: unknown): InstallProblem {
  const { code, path: own } = cause as NodeJS.ErrnoException;
  if (code === undefined) throw cause;
  const reason = REASONS[code] ?? 'cannot-write';
  const advice = ADVICE[reason];
  const where = code === 'EISDIR' ? (own ?? path) : path;
  return { ...trouble(reason, `${where}: ${sayErrno(cause)}`), ...(advice ? { advice } : {}) };
}
