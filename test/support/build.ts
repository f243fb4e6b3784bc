/**
 * vitest globalSetup: builds the program once per run of the tests, so that transcripts and the demo test what ships.
 * Nothing is built where the bundle is newer than all that it is made of.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { REPOSITORY } from './repository.ts';

const BUNDLE = join(REPOSITORY, 'dist', 'certwatch.cjs');
const SOURCES = ['src', 'bin', 'rolldown.config.js', 'package.json', 'package-lock.json'];
/** In node_modules, since dist/ is made anew by each build. */
const LOCK = join(REPOSITORY, 'node_modules', '.certwatch-build');
const BUILD_TIMEOUT_MS = 120_000;

export default async function setup(): Promise<void> {
  await buildIfStale();
}

/**
 * Several test files may ask at once, in processes of their own: one builds, the others wait for it.
 * @throws with what the build printed, when it fails.
 */
export async function buildIfStale(): Promise<void> {
  // A build that is going on has written some of dist/ already: what is there may be fresh and not whole.
  while ((await newest(LOCK)) > 0 || (await isStale())) {
    if (await takeLock()) {
      try {
        if (await isStale()) await build();
      } finally {
        await rm(LOCK, { recursive: true, force: true });
      }
      return;
    }
    await sleep(200);
  }
}

const build = () =>
  promisify(execFile)(process.execPath, ['rolldown.config.js'], { cwd: REPOSITORY, timeout: BUILD_TIMEOUT_MS });

async function isStale(): Promise<boolean> {
  const built = await newest(BUNDLE);
  const changed = await Promise.all(SOURCES.map((source) => newest(join(REPOSITORY, source))));
  return built <= Math.max(...changed);
}

/** Making a folder either works or does not, for one process only. A lock that is older than any build is nobody's. */
async function takeLock(): Promise<boolean> {
  const since = await newest(LOCK);
  if (since > 0 && Date.now() - since > 2 * BUILD_TIMEOUT_MS) await rm(LOCK, { recursive: true, force: true });
  return mkdir(LOCK).then(
    () => true,
    () => false,
  );
}

/** @returns the latest time of change of a file, or of any file in a folder; 0 where there is none. */
async function newest(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 0;
  if (!found.isDirectory() || path === LOCK) return found.mtimeMs;
  const names = await readdir(path).catch(() => []);
  return Math.max(0, ...(await Promise.all(names.map((name) => newest(join(path, name))))));
}
