/**
 * Does the disk under a file answer? A read of a file system that is dead (its server is gone) can never be taken back, and
 * the end of a process waits for the thread that is stuck in it. So where nobody supervises this process, another one reads
 * the file first: that one can be left behind.
 */
import type { Deadline } from '../time/deadline.ts';

export interface AnsweringOptions {
  readonly deadline: Deadline;
  /** Calls back when this process ends. @returns a function that takes it back. */
  readonly onExit: (listener: () => void) => () => void;
}

const SHELL = '/bin/sh';
/** Files only, as far as any of them is ever read: a pipe would be waited for, and what is no file is not read later either. */
const READ_FILES =
  'for f; do shift; if [ -e "$f" ] && [ ! -f "$f" ]; then :; else set -- "$@" "$f"; fi; done; ' +
  '[ $# -eq 0 ] || exec head -c 16777216 -- "$@"';

/**
 * Not whether the files are there, or may be read: whoever reads them finds that out, and says it.
 * @returns false where the deadline came first; true also where there is no shell that could be asked.
 */
export async function doesAnswer(paths: readonly string[], { deadline, onExit }: AnsweringOptions): Promise<boolean> {
  if (paths.length === 0) return true;
  const { spawn } = await import('node:child_process');
  const reader = spawn(SHELL, ['-c', READ_FILES, SHELL, ...paths], { stdio: 'ignore' });
  const end = (): void => void reader.kill('SIGKILL');
  const forget = onExit(end);
  const read = new Promise<true>((resolve) => {
    reader.once('error', () => resolve(true));
    reader.once('exit', () => resolve(true));
  });
  const answered = await deadline.race(read);
  forget();
  if (answered) return true;
  end();
  reader.unref();
  return false;
}
