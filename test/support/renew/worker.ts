/**
 * Builds a test's process to one plain file: a loader would cost more than what is tested.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { REPOSITORY } from '../repository.ts';

export interface BuiltWorker extends AsyncDisposable {
  /** Below node_modules, so that packages are found from it. */
  readonly file: string;
}

export async function buildWorker(source: string): Promise<BuiltWorker> {
  const folder = join(REPOSITORY, 'node_modules', '.cache', 'certwatch-tests');
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `${basename(source, '.ts')}-${process.pid}-${randomBytes(4).toString('hex')}.mjs`);
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    external: ['acme-client', 'node-forge'],
  });
  return { file: outfile, [Symbol.asyncDispose]: () => rm(outfile, { force: true }) };
}
