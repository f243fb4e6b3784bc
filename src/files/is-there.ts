/**
 * Whether there is anything of a name: a file, a folder, a link that leads nowhere.
 */
import { lstat } from 'node:fs/promises';

/** What cannot be asked about is not there, either. */
export const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
