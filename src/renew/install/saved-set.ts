/**
 * What an existing client's folder held before the client was set to work, so that it can be put back: a copy in the state,
 * since a run may be killed in between. Each of the four names becomes again what it was, a link (certbot's lead into its
 * archive) or a file with its owner and mode, by one rename each. Such a folder has no single switch: between the renames
 * the names may not belong together, and nothing reads them before the reload; killed just there, the next run starts
 * with what the key and the certificate show, and goes on.
 */
import { lstat, readFile, readlink, realpath, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { FILE_NAMES, SET_FILES, type SetFile } from './certificate-set.ts';
import { type Access, absent, createFile, createFolder, replaceFile, replaceLink, syncFolder } from './private-file.ts';
import { type InstallProblem, systemTrouble } from './trouble.ts';

/** Of a name that was there. */
interface Name {
  /** Where it led, if it was a link. */
  readonly link?: string;
  /** Of the file that it led to. */
  readonly access: Required<Access>;
}

interface Note {
  readonly live: string;
  readonly names: Partial<Record<SetFile, Name>>;
}

const NOTE = 'names.json';

export class SavedSet {
  /** Holds the four files under their names. */
  readonly folder: string;
  readonly #note: Note;

  private constructor(folder: string, note: Note) {
    this.folder = folder;
    this.#note = note;
  }

  /** Copies what `live` holds into `folder`, in place of what was there; resolves when it is on the disk. */
  static async save(live: string, folder: string): Promise<Result<SavedSet, InstallProblem>> {
    const unfinished = `${folder}.new`;
    try {
      await makeFolder(dirname(folder), 0o700);
      await rm(unfinished, { recursive: true, force: true });
      await createFolder(unfinished, { mode: 0o700 });
      const names: Partial<Record<SetFile, Name>> = {};
      for (const file of SET_FILES) {
        const path = join(live, FILE_NAMES[file]);
        const content = await readFile(path).catch(absent);
        if (content === undefined) continue;
        await createFile(join(unfinished, FILE_NAMES[file]), content, { mode: 0o600 });
        names[file] = await nameAt(path);
      }
      const note: Note = { live, names };
      await createFile(join(unfinished, NOTE), JSON.stringify(note), { mode: 0o600 });
      await syncFolder(unfinished);
      await rm(folder, { recursive: true, force: true });
      await rename(unfinished, folder);
      await syncFolder(dirname(folder));
      return ok(new SavedSet(folder, note));
    } catch (cause) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => {});
      return err(systemTrouble(unfinished, cause));
    }
  }

  /** What an earlier run has saved of this live folder; undefined where it has not. */
  static async open(live: string, folder: string): Promise<SavedSet | undefined> {
    try {
      const note = JSON.parse(await readFile(join(folder, NOTE), 'utf8')) as Note;
      return note.live === live && typeof note.names === 'object' ? new SavedSet(folder, note) : undefined;
    } catch {
      return undefined;
    }
  }

  async putBack(): Promise<Result<void, InstallProblem>> {
    const { live, names } = this.#note;
    try {
      for (const file of SET_FILES) {
        const path = join(live, FILE_NAMES[file]);
        const name = names[file];
        if (name) await putBackName(path, name, await readFile(join(this.folder, FILE_NAMES[file])));
        else await unlink(path).catch(absent);
      }
      return ok(undefined);
    } catch (cause) {
      return err(systemTrouble(live, cause));
    }
  }

  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function nameAt(path: string): Promise<Name> {
  const { mode, uid, gid } = await stat(path);
  const link = (await lstat(path)).isSymbolicLink() ? { link: await readlink(path) } : {};
  return { access: { mode: mode & 0o777, uid, gid }, ...link };
}

async function putBackName(path: string, { link, access }: Name, content: Buffer): Promise<void> {
  if (link !== undefined && (await readlink(path).catch(() => undefined)) !== link) await replaceLink(path, link);
  const shown = await readFile(path).catch(absent);
  if (shown?.equals(content)) return;
  // The client has written through the link, or what it led to is gone.
  const to = link === undefined ? path : await realpath(path).catch(() => path);
  await replaceFile(to, content, access);
}
