/**
 * Files on a disk that is dead: reads of them never come back, and a process that has begun one cannot end by itself. Every
 * command says so in its time, with its own exit status, and leaves nothing behind.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { canDie, DEAD, type DeadDisk, deadDisk } from '../support/dead-disk.ts';
import { createCa } from '../support/pki/pki.ts';
import { type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

let disk: DeadDisk;
let folder: TempFolder;
let server: TestServer;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('dead');
  execFileSync('mkfifo', [folder.at('pipe.yaml')]);
  if (!canDie) return;
  disk = await deadDisk();
  const ca = createCa({ now: Date.now() });
  server = await tlsServer({ leaf: ca.issue({ sans: ['ip:127.0.0.1'] }) });
  await folder.write('root.pem', ca.pem);
  await folder.write(`${DEAD}/there.pem`, ca.pem);
  await folder.write(
    'renew.yaml',
    `state: ./${DEAD}/state\nacme: { directory: "https://127.0.0.1:1/", account: { agree-tos: true } }\n` +
      'certificates: [ { name: www, domains: [ www.example ], challenge: { http-01: { webroot: . } }, live: ./live } ]\n',
  );
  await folder.write('state.yaml', `state: ./${DEAD}/state\ntargets: [ 'localhost:1' ]\n`);
});

afterAll(async () => {
  await folder.remove();
  await server?.close();
  await disk?.[Symbol.asyncDispose]();
});

async function run(args: readonly string[], options: RunOptions = {}) {
  const here = `127.0.0.1:${server.port}`;
  const argv = args.map((arg) => arg.replace('HERE', here).replace('PORT', String(server.port)));
  const mark = `CERTWATCH_TEST_${randomUUID()}`;
  const env = { ...disk.env, ...options.env, [mark]: '1' };
  const ended = await runCertwatch(argv, { cwd: folder.path, ...options, env });
  // Where something stays, the test does not end by itself.
  while (left(mark).length > 0) await sleep(50);
  return ended;
}

/** The processes of a run that are still there. */
function left(mark: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}

const GONE = `${DEAD}/gone.pem`;
const THERE = `${DEAD}/there.pem`;

describe.skipIf(!canDie).concurrent('a disk that does not answer', () => {
  it.each([GONE, THERE])('under a CA file (%s): the check says so at its timeout', async (file) => {
    const ended = await run(['check', 'HERE', '--ca-file', file, '-t', '2s']);
    expect(ended).toMatchObject({ status: 3, killed: false, stderr: '' });
    expect(ended.stdout).toMatch(/timeout: .*the trust anchors[\s\S]*Exit status 3: UNKNOWN\.\n$/);
  });

  it('under a CA file: the plugin answers in a line before its -t', async () => {
    const args = ['-H', '127.0.0.1', '-p', 'PORT', '-t', '2', '--ca-file', THERE];
    const ended = await run(args, { program: 'check_certwatch' });
    expect(ended).toMatchObject({ status: 3, killed: false, stderr: '' });
    expect(ended.stdout).toMatch(/^CERTWATCH UNKNOWN - .*the trust anchors.*\n$/);
  });

  it('under the file that should be served: what is served is judged', async () => {
    const args = ['-H', '127.0.0.1', '-p', 'PORT', '-t', '5', '--ca-file', 'root.pem', '--expect-file', THERE, '-v'];
    const ended = await run(args, { program: 'check_certwatch' });
    expect(ended).toMatchObject({ status: 3, killed: false, stderr: '' });
    expect(ended.stdout).toMatch(/^CERTWATCH UNKNOWN - .*while reading/);
    expect(ended.stdout).toContain('key proof  proven');
  });

  it('under a password file', async () => {
    const args = ['show', 'file:root.pem', '--password-file', THERE, '-t', '1s'];
    expect(await run(args)).toMatchObject({ status: 3, killed: false, stdout: expect.stringContaining('timeout') });
  });

  it('under a list: what is in the other one, and in the config, is looked at', async () => {
    await folder.write(
      'lists.yaml',
      `targets: [ HERE ]\nlists: [ ./${DEAD}/there.pem, ./hosts.txt ]\n`.replace('HERE', `"127.0.0.1:${server.port}"`),
    );
    await folder.write('hosts.txt', `127.0.0.1:${server.port} name=listed\n`);
    const ended = await run(['check', '--config', 'lists.yaml', '--ca-file', 'root.pem', '--deadline', '8s']);
    expect(ended).toMatchObject({ status: 3, killed: false, stdout: expect.stringContaining('2 targets in') });
    expect(ended.stdout.replace(/\s+/g, ' ')).toContain(
      'cannot be read as a list of targets (its disk does not answer)',
    );
    expect(ended.stdout).toContain('2 ok.');
  });

  it('under what is to be shown', async () => {
    const ended = await run(['show', `file:${THERE}`, '-t', '1s']);
    expect(ended).toMatchObject({ status: 3, killed: false, stdout: expect.stringContaining('timeout') });
  });

  it('that died in the very moment: the answer is whole, and the process is gone', async () => {
    const env = { ...disk.env, DEAD_FOR: 'node' };
    const ended = await run(['show', `file:${THERE}`, '-t', '1s'], { env });
    expect(ended).toMatchObject({ killed: false, signal: 'SIGKILL', stdout: expect.stringContaining('timeout') });
  });

  it.each([
    { args: ['status', '--state', `${DEAD}/state`], says: 'could not be read within 5s' },
    { args: ['status', '--config', `${DEAD}/c.yaml`], says: 'could not be read in time' },
    { args: ['status', '--config', 'state.yaml'], says: 'could not be read within 5s' },
    { args: ['config', 'check', `${DEAD}/c.yaml`], says: 'could not be read in time' },
    { args: ['config', 'show', '--config', `${DEAD}/c.yaml`], says: 'could not be read in time' },
    { args: ['renew', '--config', `${DEAD}/c.yaml`], says: 'could not be read in time' },
    { args: ['renew', '--config', 'renew.yaml', '--deadline', '5s'], says: 'state does not answer' },
    { args: ['renew', '--config', 'renew.yaml', '--status'], says: 'state does not answer' },
  ])('$args', async ({ args, says }) => {
    const ended = await run(args);
    expect(ended).toMatchObject({ status: 3, killed: false });
    expect(ended.stdout + ended.stderr).toContain(says);
  });
});

/** It need not be dead: opening a pipe that nobody writes to waits just so. */
it.each([
  ['status', '--config', 'pipe.yaml'],
  ['show', '127.0.0.1:1', '--config', 'pipe.yaml'],
  ['config', 'check', 'pipe.yaml'],
  ['config', 'show', '--config', 'pipe.yaml'],
  ['renew', '--config', 'pipe.yaml'],
  ['check', '--config', 'pipe.yaml'],
])('%s %s %s: a config that is a pipe is refused', async (...args) => {
  const ended = await runCertwatch(args, { cwd: folder.path });
  expect(ended).toMatchObject({ status: 3, killed: false });
  expect(ended.stdout + ended.stderr).toContain('pipe.yaml: the config is no regular file');
});
