/**
 * The lock on disk: a folder with one file a generation, `17`, `18`, …; the highest one is the lock. Node has no flock, and
 * a single lock file cannot be taken over from a dead owner without a race. Here
 *
 * - a lock is taken by link(2) of a finished file to the generation after the highest: of two takers one gets EEXIST;
 * - a file is changed by its owner only, and a lock is given back by writing so into it: nobody ever removes or replaces a
 *   lock that another may hold by now;
 * - who has taken generation n removes the files below, lowest first. So a taker that fell asleep between looking at n and
 *   linking n + 1 knows that it came too late when n is no longer what it saw: n goes before n + 1 does.
 */
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../files/is-there.ts';
import { makeFolder } from '../files/make-folder.ts';
import { err, ok, type Result } from '../model/result.ts';
import { LONGEST_LOCK_FILE, type LockContent, parseLock } from './lock-file.ts';

export type Current =
  | { readonly kind: 'none' }
  | { readonly kind: 'lock'; readonly generation: number; readonly content: LockContent }
  /** Something that is no lock file, and why not. */
  | { readonly kind: 'garbage'; readonly generation: number; readonly why: string };

const GENERATION = /^[1-9]\d{0,14}$/;
/** No lock is ever taken so often: who finds a higher one has been fooled. */
const LAST_GENERATION = 10 ** 14;

export class LockFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @returns true where something else was in its place and had to go. @throws the system's error. */
  async create(): Promise<boolean> {
    const found = await lstat(this.path).catch(() => undefined);
    const inTheWay = found !== undefined && !found.isDirectory();
    // Of a folder that another has made by now, unlink fails and takes nothing away.
    if (inTheWay) await unlink(this.path).catch(() => {});
    await makeFolder(this.path);
    return inTheWay;
  }

  at(generation: number): string {
    return join(this.path, String(generation));
  }

  /** The lock as it is now. @throws the system's error where it cannot be read. */
  async current(): Promise<Current> {
    for (;;) {
      const generation = (await this.#generations()).at(-1);
      if (generation === undefined) return { kind: 'none' };
      const text = await readCapped(this.at(generation));
      // Gone between the two: a later one is there.
      if (text === undefined) continue;
      const content = parseLock(text);
      if (content.ok) return { kind: 'lock', generation, content: content.value };
      return { kind: 'garbage', generation, why: content.error };
    }
  }

  /**
   * Makes `text` the generation after `seen`, whole or not at all.
   * @returns its open file, or `lost` where another was faster. @throws the system's error.
   */
  async take(
    seen: Current,
    text: string,
    token: string,
  ): Promise<Result<{ handle: FileHandle; generation: number }, 'lost'>> {
    const generation = seen.kind === 'none' ? 1 : seen.generation + 1;
    if (generation > LAST_GENERATION) {
      const numbers = new Error(`there is no generation behind ${this.at(generation - 1)}`);
      throw Object.assign(numbers, { code: 'EOVERFLOW' });
    }
    const temp = join(this.path, `.${token}.tmp`);
    const handle = await open(temp, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
      await link(temp, this.at(generation));
      if (await this.#isLatest(seen, generation)) return ok({ handle, generation });
      await unlink(this.at(generation)).catch(() => {});
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      // ENOENT: who won cleared the temporary file away.
      if (code !== 'EEXIST' && code !== 'ENOENT') {
        await handle.close().catch(() => {});
        throw cause;
      }
    } finally {
      await unlink(temp).catch(() => {});
    }
    await handle.close().catch(() => {});
    return err('lost');
  }

  /** Removes what came before, lowest first, and what killed takers left. Only for who holds `generation`. */
  async clearBelow(generation: number): Promise<void> {
    for (const old of await this.#generations()) {
      if (old < generation) await unlink(this.at(old)).catch(() => {});
    }
    const names = await readdir(this.path).catch(() => []);
    for (const name of names) if (name.endsWith('.tmp')) await unlink(join(this.path, name)).catch(() => {});
  }

  /** Was nothing later than `seen` there when `generation` was linked? */
  async #isLatest(seen: Current, generation: number): Promise<boolean> {
    const generations = await this.#generations();
    if (generations.at(-1) !== generation) return false;
    if (seen.kind === 'none') return true;
    const text = await readCapped(this.at(seen.generation));
    if (text === undefined) return false;
    const content = parseLock(text);
    return seen.kind === 'lock' && content.ok
      ? content.value.owner.token === seen.content.owner.token
      : seen.kind === 'garbage' && !content.ok;
  }

  async #generations(): Promise<number[]> {
    const names = await readdir(this.path);
    return names
      .filter((name) => GENERATION.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** What cannot be opened because of what it is: a socket, a link that leads nowhere or in a circle. */
const NO_FILE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENXIO', 'ELOOP', 'ENOTDIR']);

/** @returns undefined where there is no such file. What is there and is no file reads as empty: garbage. */
async function readCapped(path: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (!NO_FILE.has(code)) throw cause;
    return (await isThere(path)) ? '' : undefined;
  }
  try {
    if (!(await handle.stat()).isFile()) return '';
    const buffer = Buffer.alloc(LONGEST_LOCK_FILE + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > LONGEST_LOCK_FILE ? '' : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
