/**
 * http-01 (RFC 8555 8.3) by a file below the web server's root. Readable for everyone, since the server has to read it;
 * it holds no secret.
 */
import { chmod, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '../../../model/result.ts';
import { sayErrno } from '../../say-errno.ts';
import { fail, type Trouble } from '../failure.ts';
import type { ChallengeConfig } from '../job.ts';
import type { Work } from '../work.ts';
import type { Solver } from './solver.ts';
import type { UndoRecord } from './undo.ts';

type Config = Extract<ChallengeConfig, { webroot: string }>;

export function webroot({ webroot: root }: Config, _work: Work, undo: UndoRecord): Solver {
  return {
    async present(answers) {
      for (const { token, keyAuthorization } of answers) {
        const put = await putInWebroot({ root, name: token, text: keyAuthorization, undo });
        if (!put.ok) return put;
      }
      return ok(undefined);
    },
    close: async () => {},
  };
}

interface WebrootFile {
  readonly root: string;
  /** Base64url characters only: it becomes a file name. */
  readonly name: string;
  readonly text: string;
  readonly undo: UndoRecord;
}

/** The root itself must be there: a typo in the config must not make a folder that no server serves. */
async function putInWebroot({ root, name, text, undo }: WebrootFile): Promise<Result<void, Trouble>> {
  const wellKnown = join(root, '.well-known');
  const folder = join(wellKnown, 'acme-challenge');
  try {
    const there = await kindOf(root);
    if (there !== 'folder') return fail('webroot-missing', `${root}: expected a folder, and ${there}`);
    const missing: string[] = [];
    for (const each of [folder, wellKnown]) if (!(await exists(each))) missing.push(each);
    const [path, temporary] = [join(folder, name), join(folder, `.${name}.tmp`)];
    const noted = await undo.add({ kind: 'file', paths: [path, temporary], folders: missing });
    if (!noted.ok) return fail('cannot-write', noted.error);
    for (let attempt = 0; ; attempt += 1) {
      for (const each of [wellKnown, folder]) await makeReadable(each);
      try {
        await writeReadable(path, temporary, text);
        break;
      } catch (cause) {
        // Another renewal with the same webroot has just taken the folder away that it had made.
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || attempt > 0) throw cause;
      }
    }
    return ok(undefined);
  } catch (cause) {
    return fail('webroot-not-writable', `${folder}: ${sayErrno(cause)}`);
  }
}

async function kindOf(path: string): Promise<'folder' | 'there is none' | 'it is none'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'it is none';
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 'there is none';
    throw cause;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Whatever the umask: the web server mostly runs as somebody else. */
async function makeReadable(folder: string): Promise<void> {
  try {
    await mkdir(folder);
    await chmod(folder, 0o755);
  } catch (cause) {
    // Another renewal with the same webroot was first.
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  }
}

/** Under a temporary name first, by O_EXCL, which follows no link that somebody has put there. */
async function writeReadable(path: string, temporary: string, text: string): Promise<void> {
  const file = await open(temporary, 'wx', 0o644);
  try {
    await file.chmod(0o644);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
