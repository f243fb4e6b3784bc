/**
 * The one process that nobody ends by itself: a scanner that is stopped, and whose supervisor is killed. The next run with
 * the same state folder finds it by the lock, says so, and ends it where that is wished.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV, runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

let folder: TempFolder;
let silent: TestServer;
let orphan: number;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('orphan');
  silent = await silentServer();
  await leaveOrphan();
}, 60_000);

afterAll(async () => {
  if (orphan && isAlive(orphan)) process.kill(orphan, 'SIGKILL');
  await silent.close();
  await folder.remove();
});

const argv = () => [
  ...['check', `127.0.0.1:${silent.port}`, '-t', '1500ms', '--deadline', '2s'],
  ...['--state', 'state', '--format', 'nagios'],
];
const check = (...more: string[]) => runCertwatch([...argv(), ...more], { cwd: folder.path });

/** Its output goes nowhere: who is left behind would hold it open. */
async function leaveOrphan(): Promise<void> {
  const program = join(REPOSITORY, 'bin', 'certwatch.js');
  const supervisor = spawn(process.execPath, [program, ...argv()], {
    cwd: folder.path,
    env: CLEAN_ENV,
    stdio: 'ignore',
  });
  const ended = once(supervisor, 'exit');
  while (silent.accepted === 0) await sleep(20);
  const { pid } = supervisor;
  orphan = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  process.kill(orphan, 'SIGSTOP');
  supervisor.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('is within its time: the next run says that another is on, and does nothing', async () => {
  expect(isAlive(orphan)).toBe(true);
  expect(await check()).toMatchObject({ status: 3, stdout: expect.stringContaining('still running') });
});

it('is past it: status says that it is stuck, and so does the next run', async () => {
  const status = () => runCertwatch(['status', '--state', 'state'], { cwd: folder.path });
  await expect.poll(status, { timeout: 8_000, interval: 100 }).toMatchObject({
    status: 2,
    stdout: expect.stringContaining('stuck'),
  });
  expect(await check()).toMatchObject({ status: 2, stdout: expect.stringContaining(`(process ${orphan} on `) });
});

it('--end-stuck ends it, and the run takes its place with time enough', async () => {
  const run = await check('--end-stuck');
  expect(run).toMatchObject({ status: 3, stdout: expect.stringContaining('No answer in time in the TLS handshake') });
  expect(run.stderr).toContain(`ended process ${orphan}`);
  await expect.poll(() => isAlive(orphan), { timeout: 3_000 }).toBe(false);
});
