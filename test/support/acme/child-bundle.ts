/**
 * The renewal's child process as tests start it: built from the sources, into a folder from which acme-client is found.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { REPOSITORY } from '../repository.ts';

export interface ChildBundle extends AsyncDisposable {
  /** For `OrderOptions.entry`. */
  readonly entry: readonly string[];
}

export async function buildAcmeChild(): Promise<ChildBundle> {
  const folder = join(REPOSITORY, 'node_modules', '.cache', 'certwatch-tests');
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `acme-child-${process.pid}-${randomBytes(4).toString('hex')}.cjs`);
  await build({
    stdin: {
      contents: `import { runAcmeChild } from './src/renew/acme/child.ts'; runAcmeChild(process);`,
      resolveDir: REPOSITORY,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    logLevel: 'error',
    external: ['acme-client', 'node-forge'],
  });
  return { entry: [outfile], [Symbol.asyncDispose]: () => rm(outfile, { force: true }) };
}
