/**
 * Run as a user who may not read the live set: nobody is asked for a certificate, and nothing is claimed of it.
 */
import { chmod, readdir } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { stage } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { giveToUnprivileged, UNPRIVILEGED } from '../support/unprivileged.ts';

beforeAll(buildIfStale, 60_000);

test.each([
  ['renew', [], 3, /^FAILED {2}1\n {2}www {2}failed while planning\n {4}cannot-read: .*\n.*permission denied/],
  ['renew --force', ['--force'], 3, /^FAILED {2}1\n {2}www {2}failed while planning\n {4}cannot-read: /],
  ['--dry-run', ['--dry-run'], 3, /^FAILED {2}1\n {2}www {2}failed while planning\n {4}cannot-read: /],
  ['--status', ['--status'], 0, /^NOT KNOWN {2}1\n {2}www {2}what is on disk is not for this user to read: /],
] as const)('%s', async (_, args, status, said) => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue());
  const config = await here.folder.write(
    'certwatch.yaml',
    `state: ./state
certificates:
  - { name: www, domains: www.shop.example, command: [ touch, asked ], live: ./live, verify: [ "127.0.0.1:1" ] }
`,
  );
  await giveToUnprivileged(here.folder.path);
  await chmod(`${here.live}/privkey.pem`, 0);
  const run = await runCertwatch(['renew', '--config', config, ...args], {
    cwd: here.folder.path,
    user: UNPRIVILEGED,
  });
  expect(run.stdout).toMatch(said);
  expect(run.status).toBe(status);
  expect(await readdir(here.folder.path)).not.toContain('asked');
});
