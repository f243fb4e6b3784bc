/**
 * Builds a test's process to one plain file: a loader would cost more than what is tested.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { REPOSITORY } from '../repository.ts';

const built: string[] = [];
process.on('exit', () => {
  for (const file of built) rmSync(file, { force: true });
});

/** @returns the path of the built file: below node_modules, so that packages are found from it. */
export async function buildWorker(source: string): Promise<string> {
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
  built.push(outfile);
  return outfile;
}
