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
/** Whose run has long to go, and whose has not. */
let early: number;
let orphan: number;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('orphan');
  silent = await silentServer();
  early = await leaveOrphan('early', '1h');
  orphan = await leaveOrphan('state', '4s');
}, 60_000);

afterAll(async () => {
  for (const pid of [early, orphan]) if (pid && isAlive(pid)) process.kill(pid, 'SIGKILL');
  await silent.close();
  await folder.remove();
});

const argv = (state: string, deadline: string) => [
  ...['check', `127.0.0.1:${silent.port}`, '-t', '1500ms', '--deadline', deadline],
  ...['--state', state, '--format', 'nagios'],
];
const check = (state: string, ...more: string[]) => runCertwatch([...argv(state, '6s'), ...more], { cwd: folder.path });

/** Its output goes nowhere: who is left behind would hold it open. */
async function leaveOrphan(state: string, deadline: string): Promise<number> {
  const program = join(REPOSITORY, 'bin', 'certwatch.js');
  const supervisor = spawn(process.execPath, [program, ...argv(state, deadline)], {
    cwd: folder.path,
    env: CLEAN_ENV,
    stdio: 'ignore',
  });
  const ended = once(supervisor, 'exit');
  const before = silent.accepted;
  while (silent.accepted === before) await sleep(20);
  const { pid } = supervisor;
  const scanner = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  process.kill(scanner, 'SIGSTOP');
  supervisor.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  return scanner;
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
  expect(isAlive(early)).toBe(true);
  expect(await check('early')).toMatchObject({ status: 3, stdout: expect.stringContaining('still running') });
});

it('is past it: status says that it is stuck, and so does the next run', async () => {
  const status = () => runCertwatch(['status', '--state', 'state'], { cwd: folder.path });
  await expect.poll(status, { timeout: 15_000, interval: 100 }).toMatchObject({
    status: 2,
    stdout: expect.stringContaining('stuck'),
  });
  expect(await check('state')).toMatchObject({ status: 2, stdout: expect.stringContaining(`(process ${orphan} on `) });
});

it('--end-stuck ends it, and the run takes its place with time enough', async () => {
  const run = await check('state', '--end-stuck');
  expect(run).toMatchObject({ status: 3, stdout: expect.stringContaining('No answer in time in the TLS handshake') });
  expect(run.stderr).toContain(`ended process ${orphan}`);
  while (isAlive(orphan)) await sleep(20);
});
