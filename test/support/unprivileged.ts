/**
 * To root nothing is forbidden. What a user may not do is tried by one: by nobody, where the tests run as root, and by
 * whoever runs them, where not.
 */
import { chown, cp, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TempFolder, tempFolder } from './temp-folder.ts';

const isRoot = process.geteuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };

/** For `spawn`; supplementary groups go, too. */
export const UNPRIVILEGED: { readonly uid?: number; readonly gid?: number } = isRoot ? NOBODY : {};

/** Makes a folder, and all that is in it, that user's own. */
export async function giveToUnprivileged(folder: string): Promise<void> {
  if (!isRoot) return;
  await chown(folder, NOBODY.uid, NOBODY.gid);
  for (const name of await readdir(folder, { recursive: true })) {
    await chown(join(folder, name), NOBODY.uid, NOBODY.gid);
  }
}

/**
 * Copies of files and folders, by their own names, in a folder of that user: a checkout may lie where nobody but its owner
 * gets to, and what is run from it has to be reached.
 */
export async function withinReach(...paths: readonly string[]): Promise<TempFolder> {
  const folder = await tempFolder('within-reach');
  for (const path of paths) await cp(path, folder.at(basename(path)), { recursive: true });
  await giveToUnprivileged(folder.path);
  return folder;
}

/** What this process itself does as that user. */
export async function asUnprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (!isRoot) return work();
  process.seteuid?.(NOBODY.uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
