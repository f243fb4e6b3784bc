/**
 * A state folder with things in it that do not belong there, or that cannot be one: the targets are looked at all the same,
 * and `status` answers.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { canDie, DEAD, type DeadDisk, deadDisk } from '../support/dead-disk.ts';
import { createCa } from '../support/pki/pki.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

let folder: TempFolder;
let well: TestServer;
let disk: DeadDisk | undefined;

beforeAll(async () => {
  await buildIfStale();
  const ca = createCa({ now: Date.now() });
  folder = await tempFolder('odd-state');
  await folder.write('root.pem', ca.pem);
  well = await tlsServer({ leaf: ca.issue({ sans: ['ip:127.0.0.1'] }) });
  if (canDie) disk = await deadDisk();
});

afterAll(async () => {
  await well.close();
  await folder.remove();
  await disk?.[Symbol.asyncDispose]();
});

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCertwatch(args, { cwd: folder.path, env });
const check = (state: string, env?: Readonly<Record<string, string>>) =>
  run(
    [
      'check',
      `127.0.0.1:${well.port}`,
      '--trust',
      'none',
      '--ca-file',
      'root.pem',
      '--state',
      state,
      '--deadline',
      '8s',
    ],
    env,
  );

/** In the folder of the lock. */
const ODDITIES: readonly [what: string, status: 0 | 3, make: (lock: string) => void][] = [
  ['a link that leads nowhere', 0, (lock) => symlinkSync('/nonexistent', `${lock}/3`)],
  ['a link in a circle', 0, (lock) => symlinkSync('3', `${lock}/3`)],
  ['a pipe', 0, (lock) => execFileSync('mkfifo', [`${lock}/3`])],
  ['a folder', 0, (lock) => mkdirSync(`${lock}/3`)],
  ['the highest number', 3, (lock) => writeFileSync(`${lock}/999999999999999`, '')],
  ['a higher number', 0, (lock) => writeFileSync(`${lock}/9999999999999999`, '')],
  ['a count that is a pipe', 0, (lock) => execFileSync('mkfifo', [`${lock}/turned-away`])],
];

describe.concurrent('a state folder', () => {
  it.each(ODDITIES)('%s in the lock: looked at, exit status %d', async (what, status, make) => {
    const state = what.replaceAll(' ', '-');
    mkdirSync(folder.at(state, 'check.lock'), { recursive: true });
    make(folder.at(state, 'check.lock'));
    const ended = await check(state);
    expect(ended).toMatchObject({ status, killed: false, stdout: expect.stringContaining('1 ok.') });
    if (status === 3) expect(ended.stdout.replace(/\s+/g, ' ')).toContain('remove that folder');
    expect((await run(['status', '--state', state])).killed).toBe(false);
  });

  it('a count that is a pipe, where a run is turned away', async () => {
    await using silent = await silentServer();
    let first: ChildProcess | undefined;
    const other = runCertwatch(['check', `127.0.0.1:${silent.port}`, '-t', '1m', '--state', 'counted'], {
      cwd: folder.path,
      onSpawn: (child) => (first = child),
    });
    while (silent.accepted === 0) await sleep(10);
    execFileSync('mkfifo', [folder.at('counted', 'check.lock', 'turned-away')]);
    const ended = await check('counted');
    first?.kill('SIGTERM');
    await other;
    expect(ended).toMatchObject({ status: 3, killed: false, stdout: expect.stringContaining('the previous run') });
  });

  it.each(['/proc/certwatch', '/proc/certwatch/state', '/dev/null', '/proc/self/status/x'])(
    '%s can be none: looked at, and said',
    async (state) => {
      const ended = await check(state);
      expect(ended).toMatchObject({ status: 3, killed: false, stdout: expect.stringContaining('1 ok.') });
      expect(ended.stdout).toContain('NOT DONE  1');
    },
  );

  it.skipIf(!canDie)('on a disk that does not answer: looked at, and said', async () => {
    const ended = await check(`${DEAD}/state`, disk!.env);
    expect(ended).toMatchObject({ status: 3, killed: false, stdout: expect.stringContaining('1 ok.') });
    expect(ended.stdout.match(/does not answer/g)).toHaveLength(1);
  });
});
