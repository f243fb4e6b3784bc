/**
 * vitest globalSetup: builds the program once per run of the tests, so that transcripts and the demo test what ships.
 * Nothing is built where the bundle is newer than all that it is made of.
 */
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from './repository.ts';

const BUNDLE = join(REPOSITORY, 'dist', 'certwatch.cjs');
const SOURCES = ['src', 'bin', 'esbuild.config.js', 'package.json', 'package-lock.json'];
const BUILD_TIMEOUT_MS = 120_000;

export default async function setup(): Promise<void> {
  await buildIfStale();
}

/** @throws with what the build printed, when it fails. */
export async function buildIfStale(): Promise<void> {
  const built = await newest(BUNDLE);
  const changed = await Promise.all(SOURCES.map((source) => newest(join(REPOSITORY, source))));
  if (built > Math.max(...changed)) return;
  await promisify(execFile)(process.execPath, ['esbuild.config.js'], { cwd: REPOSITORY, timeout: BUILD_TIMEOUT_MS });
}

/** @returns the latest time of change of a file, or of any file in a folder; 0 where there is none. */
async function newest(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const names = await readdir(path);
  return Math.max(0, ...(await Promise.all(names.map((name) => newest(join(path, name))))));
}
