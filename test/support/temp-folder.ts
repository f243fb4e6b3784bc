/**
 * A folder for one test that is gone when the test is: `await using folder = await tempFolder()`.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** The absolute path of a name inside, whether it is there or not. */
  at(...names: string[]): string;
  /** Writes a file, readable by its owner only since it may be a key; makes the folders above it. @returns its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  remove(): Promise<void>;
}

export async function tempFolder(label = 'test'): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), `certwatch-${label}-`));
  const at = (...names: string[]) => join(path, ...names);
  // What was killed a moment ago may still be making its last file in it.
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  return {
    path,
    at,
    async write(name, content) {
      await mkdir(dirname(at(name)), { recursive: true });
      await writeFile(at(name), content, { mode: 0o600 });
      return at(name);
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
