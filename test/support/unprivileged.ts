/**
 * To root nothing is forbidden. What a user may not do is tried by one: by nobody, where the tests run as root, and by
 * whoever runs them, where not.
 */
import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';

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
