/**
 * A report that nobody reads: the run ends in its time all the same, and says so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV } from '../support/run-certwatch.ts';
import { tempFolder } from '../support/temp-folder.ts';

beforeAll(buildIfStale, 60_000);

test('a reader that takes nothing does not hold up the end', { timeout: 40_000 }, async () => {
  await using folder = await tempFolder('slow-reader');
  // More than a pipe holds, and more than is gathered before it is waited for.
  const entries = Array.from(
    { length: 20 },
    (_, i) => `  - name: n${i}
    command: { shell: 'head -c 16000 /dev/zero | tr "\\\\0" x; exit 1' }
    live: ./live/n${i}
    verify: 127.0.0.1:1
`,
  );
  const config = await folder.write('certwatch.yaml', `state: ./state\ncertificates:\n${entries.join('')}`);
  const args = ['renew', '--config', config, '--format', 'json', '--deadline', '8s'];
  const child = spawn(process.execPath, [join(REPOSITORY, 'bin', 'certwatch.js'), ...args], {
    cwd: folder.path,
    env: CLEAN_ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [status] = await once(child, 'exit');
  clearTimeout(killer);
  child.stdout.destroy();
  expect(status).toBe(2);
  expect(said).toContain('the report could not be written in full before the deadline');
});
