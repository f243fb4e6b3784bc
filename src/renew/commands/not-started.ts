/**
 * Why a program could not be started, in words: the system tells a missing program and a missing interpreter by one code.
 */
import { isThere } from '../../files/is-there.ts';
import { sayErrno } from '../say-errno.ts';

/** @param program as it was called. @param cwd the folder it was to run in. */
export async function whyNotStarted(program: string, cause: unknown, cwd?: string): Promise<string> {
  const { code } = cause as NodeJS.ErrnoException;
  const isPath = program.includes('/');
  switch (code) {
    case 'ENOENT':
      if (cwd !== undefined && !(await isThere(cwd))) return `the folder ${cwd}, which it runs in, is not there`;
      if (!isPath) return 'no such program in any folder of PATH';
      return (await isThere(program))
        ? 'what its first line (#!) or it itself is run by is not there'
        : 'there is no such file';
    case 'EACCES':
      return isPath ? 'it may not be executed (chmod +x)' : 'it may not be executed';
    case 'ENOEXEC':
      return 'it is no program that this machine runs, and no script with a first line such as #!/bin/sh';
    case 'E2BIG':
      return 'its words and its environment are too long';
    default:
      return sayErrno(cause);
  }
}
