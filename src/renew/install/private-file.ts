/**
 * Files that are nobody else's to read, not for an instant: made with O_EXCL and mode 0600, whatever the umask, filled,
 * given to their owner, opened to the group where the old one was, and synced before anybody may find them.
 */
import { constants } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, rename, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tempName } from '../../files/stale-temps.ts';

export interface Access {
  readonly mode: number;
  /** Absent: as it comes. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A new file; one that is there already is an error. */
export async function createFile(path: string, content: string | Uint8Array, access: Access): Promise<void> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await file.writeFile(content);
    const { uid, gid } = await file.stat();
    const owner = { uid: access.uid ?? uid, gid: access.gid ?? gid };
    if (owner.uid !== uid || owner.gid !== gid) await file.chown(owner.uid, owner.gid);
    // After the owner: in the other order the group of whoever runs this could read it for a moment.
    await file.chmod(access.mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new folder with just this mode, whatever the umask; the owner as in `access`. */
export async function createFolder(path: string, access: Access): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  const { uid, gid } = await lstat(path);
  const owner = { uid: access.uid ?? uid, gid: access.gid ?? gid };
  if (owner.uid !== uid || owner.gid !== gid) await chown(path, owner.uid, owner.gid);
  await chmod(path, access.mode);
}

/** In place of whatever file was at `path`. */
export async function replaceFile(path: string, content: string | Uint8Array, access: Access): Promise<void> {
  await replaceBy(path, (temporary) => createFile(temporary, content, access));
}

/** A link to `target` in place of whatever file or link was at `path`: one rename. */
export async function replaceLink(path: string, target: string): Promise<void> {
  await replaceBy(path, (temporary) => symlink(target, temporary));
}

async function replaceBy(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const temporary = join(dirname(path), await tempName(name));
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw cause;
  }
  await syncFolder(dirname(path));
}

/** A new name is on the disk only once its folder is; some file systems cannot sync folders and need not. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY).catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** For `catch`. @throws anything but that there is no such file. */
export function absent(cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
  throw cause;
}
