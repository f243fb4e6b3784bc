/**
 * The live folder. Whoever uses the certificate opens the four names in it; they are links through one link, `current`,
 * and one rename of that link is what switches all four at once:
 *
 *     live/privkey.pem    → current/privkey.pem
 *     live/cert.pem       → current/cert.pem
 *     live/chain.pem      → current/chain.pem
 *     live/fullchain.pem  → current/fullchain.pem
 *     live/current        → .versions/7
 *     live/.versions/7/   privkey.pem cert.pem chain.pem fullchain.pem
 *
 * All links are relative and stay inside, so the folder may be mounted elsewhere. A version is written under another name,
 * synced, and renamed to its number when it is whole: a number is never half a version.
 *
 * A folder that is there already, with plain files or with another client's links, is taken over without a moment in which
 * the names show anything new: what they hold is copied into a version, `current` is made to point there, and then each
 * name becomes a link to the very bytes that it held before.
 */
import { chmod, lstat, readdir, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { clearStaleTemps } from '../../files/stale-temps.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { FILE_NAMES, SET_FILES, type SetFile } from './certificate-set.ts';
import { type Access, absent, createFile, createFolder, replaceLink, syncFolder } from './private-file.ts';
import { type InstallProblem, systemTrouble, trouble } from './trouble.ts';

export type VersionFiles = Partial<Record<SetFile, { readonly content: string | Uint8Array; readonly access: Access }>>;

const CURRENT = 'current';
const VERSIONS = '.versions';
const UNFINISHED = '.new';
const NUMBER = /^[1-9]\d{0,8}$/;

/** Of a folder that is made here: certificates are public, the key has its own mode. */
const NEW_FOLDER_MODE = 0o755;

export class LiveFolder {
  /** Without links. */
  readonly path: string;
  readonly #access: Access;

  private constructor(path: string, access: Access) {
    this.path = path;
    this.#access = access;
  }

  /** Made where it is not there. Clears away what a killed run left unfinished; only the holder of the lock may call it. */
  static async open(path: string): Promise<Result<LiveFolder, InstallProblem>> {
    try {
      const made = await makeFolder(path, 0o700);
      if (made !== undefined) {
        for (let each = path; ; each = dirname(each)) {
          await chmod(each, NEW_FOLDER_MODE);
          if (each === made || each === dirname(each)) break;
        }
        await syncFolder(dirname(made));
      }
      const real = await realpath(path);
      const { mode, uid, gid } = await stat(real);
      const live = new LiveFolder(real, { mode: mode & 0o777, uid, gid });
      await live.#clearUnfinished();
      return ok(live);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EEXIST')
        return err(trouble('cannot-write', `${path}: expected a folder, and something else is there`));
      return err(systemTrouble(path, cause));
    }
  }

  /** The number that `current` points to; undefined where this layout is not there yet. */
  async current(): Promise<number | undefined> {
    const target = await readlink(join(this.path, CURRENT)).catch(() => undefined);
    const name = target?.startsWith(`${VERSIONS}/`) ? target.slice(VERSIONS.length + 1) : '';
    return NUMBER.test(name) ? Number(name) : undefined;
  }

  folderOf(version: number): string {
    return join(this.path, VERSIONS, String(version));
  }

  /** Mode and owner of each name as it is now, links followed. */
  async access(): Promise<Partial<Record<SetFile, Access>>> {
    const found: Partial<Record<SetFile, Access>> = {};
    for (const file of SET_FILES) {
      const stats = await stat(join(this.path, FILE_NAMES[file])).catch(() => undefined);
      if (stats) found[file] = { mode: stats.mode & 0o777, uid: stats.uid, gid: stats.gid };
    }
    return found;
  }

  /** Writes a whole version beside the current one; nobody sees it yet. @returns its number. */
  async write(files: VersionFiles): Promise<Result<number, InstallProblem>> {
    const versions = join(this.path, VERSIONS);
    const unfinished = join(versions, UNFINISHED);
    try {
      if (!(await lstat(versions).catch(() => undefined))) await createFolder(versions, this.#access);
      await rm(unfinished, { recursive: true, force: true });
      await createFolder(unfinished, this.#access);
      for (const file of SET_FILES) {
        const wanted = files[file];
        if (wanted) await createFile(join(unfinished, FILE_NAMES[file]), wanted.content, wanted.access);
      }
      await syncFolder(unfinished);
      const number = Math.max(0, ...(await this.numbers())) + 1;
      await rename(unfinished, join(versions, String(number)));
      await syncFolder(versions);
      await syncFolder(this.path);
      return ok(number);
    } catch (cause) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => {});
      return err(systemTrouble(unfinished, cause));
    }
  }

  /** Makes all four names show this version: one rename. */
  async switchTo(version: number): Promise<Result<void, InstallProblem>> {
    const folder = this.folderOf(version);
    if (!(await stat(folder).catch(() => undefined))) return err(trouble('no-such-version', `${folder} is not there`));
    try {
      // Where nothing was yet, the names lead nowhere so far: all four appear with the switch.
      if (await this.#isForeign()) return err(trouble('cannot-write', `${this.path} was changed by somebody else`));
      await this.#linkNames();
      await replaceLink(join(this.path, CURRENT), join(VERSIONS, String(version)));
      return ok(undefined);
    } catch (cause) {
      return err(systemTrouble(this.path, cause));
    }
  }

  /**
   * Makes this layout of what is there. Killed at any instant, the names show what they showed before, and the next call
   * goes on. @returns the version that holds it; undefined where there was nothing.
   */
  async adopt(): Promise<Result<number | undefined, InstallProblem>> {
    try {
      if (await this.#isForeign()) {
        const files: VersionFiles = {};
        const access = await this.access();
        for (const file of SET_FILES) {
          const own = access[file];
          if (own) files[file] = { content: await readFile(join(this.path, FILE_NAMES[file])), access: own };
        }
        const written = await this.write(files);
        if (!written.ok) return written;
        // Names that lead through it already show the same bytes as before, and the others do not lead through it yet.
        await replaceLink(join(this.path, CURRENT), join(VERSIONS, String(written.value)));
      }
      const current = await this.current();
      if (current !== undefined) await this.#linkNames();
      return ok(current);
    } catch (cause) {
      return err(systemTrouble(this.path, cause));
    }
  }

  /** Does a name show what is not in the current version: plain files, or what another client has put there? */
  async #isForeign(): Promise<boolean> {
    const current = await this.current();
    for (const file of SET_FILES) {
      const path = join(this.path, FILE_NAMES[file]);
      if ((await readlink(path).catch(() => undefined)) === join(CURRENT, FILE_NAMES[file])) continue;
      const shown = await shownAt(path);
      if (shown === undefined) continue;
      const kept =
        current === undefined
          ? undefined
          : await readFile(join(this.folderOf(current), FILE_NAMES[file])).catch(absent);
      if (!kept?.equals(shown)) return true;
    }
    return false;
  }

  async numbers(): Promise<number[]> {
    const names = await readdir(join(this.path, VERSIONS)).catch(() => []);
    return names.filter((name) => NUMBER.test(name)).map(Number);
  }

  /** Leaves the current version, those in `keep`, and the newest up to `count` in all. */
  async prune(count: number, keep: readonly (number | undefined)[] = []): Promise<void> {
    const stay = new Set([await this.current(), ...keep]);
    const numbers = (await this.numbers()).sort((a, b) => b - a);
    for (const number of numbers) {
      if (stay.size < count) stay.add(number);
      if (!stay.has(number)) await rm(this.folderOf(number), { recursive: true, force: true }).catch(() => {});
    }
  }

  /** Only over what the current version holds as well, and where there is nothing. */
  async #linkNames(): Promise<void> {
    for (const file of SET_FILES) {
      const path = join(this.path, FILE_NAMES[file]);
      const target = join(CURRENT, FILE_NAMES[file]);
      if ((await readlink(path).catch(() => undefined)) !== target) await replaceLink(path, target);
    }
  }

  async #clearUnfinished(): Promise<void> {
    await rm(join(this.path, VERSIONS, UNFINISHED), { recursive: true, force: true });
    for (const name of [CURRENT, ...Object.values(FILE_NAMES)]) await clearStaleTemps(this.path, basename(name));
  }
}

/** What a name shows; undefined where there is nothing. @throws with the name's own path where a folder is in its place. */
async function shownAt(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    return absent(error.code === 'EISDIR' ? Object.assign(error, { path }) : error);
  }
}
