/**
 * No space left, on a disk that is really full: in a mount namespace, by root (CI is).
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

const WORKER = join(import.meta.dirname, 'full-disk-worker.ts');
const run = promisify(execFile);
const canMount = await run('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']).then(
  () => true,
  () => false,
);

async function onFullDisk(where: 'live' | 'state') {
  const command = ['--mount', process.execPath, '--import', 'tsx', WORKER, where];
  const { stdout } = await run('unshare', command, { cwd: REPOSITORY, timeout: 30_000 });
  return JSON.parse(stdout);
}

const OLD = { disk: 'old', served: ['old', 'old'] };
const NEW = { disk: 'new', served: ['new', 'new'] };

test.runIf(canMount)(
  'under the live folder: the old set is whole and served; with room, what was issued is installed',
  async () => {
    expect(await onFullDisk('live')).toMatchObject({
      full: { kind: 'failed', step: 'install', problem: { reason: 'no-space' } },
      between: OLD,
      roomy: { kind: 'renewed' },
      after: NEW,
      orders: 1,
    });
  },
);

test.runIf(canMount)(
  'under the state: nothing is begun that could not be written down; with room, it is renewed',
  async () => {
    expect(await onFullDisk('state')).toMatchObject({
      full: {
        kind: 'failed',
        step: 'plan',
        problem: { reason: 'journal', detail: expect.stringContaining('no space') },
      },
      between: OLD,
      roomy: { kind: 'renewed' },
      after: NEW,
      orders: 1,
    });
  },
);
