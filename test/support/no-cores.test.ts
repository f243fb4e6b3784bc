import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder } from './temp-folder.ts';

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!hasPrlimit)('what crashes leaves no core', async () => {
  await using folder = await tempFolder('core');
  const crash = spawnSync('sh', ['-c', 'kill -SEGV $$'], { cwd: folder.path });
  expect(crash.signal).toBe('SIGSEGV');
  expect(readdirSync(folder.path)).toEqual([]);
});
