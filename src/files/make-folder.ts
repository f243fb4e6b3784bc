/**
 * A folder and those above it. Not by `mkdir` with `recursive`: where a file system makes no folders and says that something
 * is missing (ENOENT), as /proc does, Node 20 goes on trying for ever, in a thread that cannot be ended.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * @param mode permission bits of each folder that is made.
 * @returns the topmost one that was made; undefined where all were there. @throws the system's error.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<string | undefined> {
  const missing = await makeOne(path, mode);
  if (missing === 'made') return path;
  if (missing === 'there') return undefined;
  const parent = dirname(path);
  if (parent === path) throw missing;
  const topmost = await makeFolder(parent, mode);
  const again = await makeOne(path, mode);
  if (typeof again !== 'string') throw again;
  return topmost ?? (again === 'made' ? path : undefined);
}

/** @returns the error where something above it is missing. @throws any other. */
async function makeOne(path: string, mode: number): Promise<'made' | 'there' | NodeJS.ErrnoException> {
  try {
    await mkdir(path, { mode });
    return 'made';
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    if (error.code === 'ENOENT') return error;
    if (await isFolder(path)) return 'there';
    throw error;
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
