/**
 * The exit status: the worst of all targets, in the order CRITICAL > WARNING > UNKNOWN > OK, and never OK when nothing was
 * looked at.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV } from '../support/run-certwatch.ts';
import { type HostName, NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'blog', 'mail', 'down', 'stuck');
});
afterAll(() => scene[Symbol.asyncDispose]());

const statusOf = async (names: readonly HostName[], ...args: string[]) => {
  const words = names.map((name) => scene.line(name, name === 'stuck' ? 'timeout=1s' : ''));
  const options = [...NOW_FLAG, '--ca-file', 'root.pem', '--retries', '0'];
  return (await scene.run(['check', ...words, ...options, ...args])).status;
};

test.each<[HostName[], number]>([
  [['www'], 0],
  [['blog'], 1],
  [['mail'], 2],
  [['down'], 3],
  [['stuck'], 3],
  [['www', 'down'], 3],
  [['down', 'blog'], 1],
  [['www', 'blog', 'down'], 1],
  [['down', 'mail', 'blog'], 2],
  [['stuck', 'mail'], 2],
])('%j: %i', async (names, status) => {
  expect(await statusOf(names)).toBe(status);
});

describe('--unreachable', () => {
  test.each([
    ['ok', 0],
    ['warning', 1],
    ['critical', 2],
    ['unknown', 3],
  ])('%s: %i', async (as, status) => {
    expect(await statusOf(['down'], '--unreachable', as)).toBe(status);
    expect(await statusOf(['www', 'stuck'], '--unreachable', as)).toBe(status);
  });

  test('ok still says what could not be seen', async () => {
    const args = ['check', scene.line('down', 'unreachable=ok'), ...NOW_FLAG, '--retries', '0'];
    expect(await scene.show(args)).toMatchInlineSnapshot(`
      "OK  1 target
        down  no certificate seen  connect-failed

      1 target in TIME: 1 ok. Exit status 0: OK.
      exit 0"
    `);
  });
});

test('the run deadline: what was not looked at is said, and the exit status is not OK', async () => {
  const args = ['check', scene.line('stuck'), scene.line('www'), '-j', '1', '--deadline', '3s', ...NOW_FLAG];
  expect(await scene.show([...args, '--ca-file', 'root.pem'])).toMatchInlineSnapshot(`
    "UNKNOWN  2 targets
      stuck  no certificate seen
        timeout: No answer in time in the TLS handshake (127.0.0.1 port PORT).
        → Give the run more time (--deadline) or more at once (-j), or look at it alone:
          \`certwatch check 'stuck.shop.example connect-to=127.0.0.1:PORT name=stuck ca-file=root.pem'\`
      www    no certificate seen
        timeout: Not looked at: the run's deadline came before its turn came.
        → Give the run more time (--deadline) or more at once (-j), or look at it alone:
          \`certwatch check 'www.shop.example connect-to=127.0.0.1:PORT name=www ca-file=root.pem'\`

    2 targets in TIME: 2 unknown. The deadline came before all was done. Exit status 3: UNKNOWN.
    exit 3"
  `);
});

describe('ended from outside', () => {
  const args = (...names: HostName[]) => [
    ...['check', ...names.map((name) => scene.line(name)), ...NOW_FLAG, '--ca-file', 'root.pem', '-j', '1'],
    ...['--format', 'ndjson'],
  ];

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s: what is known so far, UNKNOWN', async (signal) => {
    const { stdout, status, killed } = await scene.run(args('www', 'stuck', 'mail'), {
      // The first result is out, the second never comes.
      onSpawn: (child) => void child.stdout.once('data', () => child.kill(signal)),
    });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const codes = lines.slice(0, -1).map(({ findings }) => findings.map(({ code }: { code: string }) => code));
    expect(codes).toEqual([[], ['timeout'], ['timeout']]);
    expect([lines.at(-1).run.interrupted, status, killed]).toEqual([true, 3, false]);
  });

  test('a reader that has gone takes nothing from the exit status', async () => {
    const { stderr, status } = await scene.run(args('mail', 'www'), { onSpawn: (child) => child.stdout.destroy() });
    expect([stderr, status]).toEqual(['', 2]);
  });
});

describe('in a folder that has been removed', () => {
  const inNoFolder = (program: string, ...args: string[]) =>
    spawnSync(
      'sh',
      [
        '-c',
        'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
        'sh',
        process.execPath,
        join(REPOSITORY, 'bin', program),
      ].concat(args),
      {
        cwd: scene.folder.path,
        env: { ...CLEAN_ENV },
        encoding: 'utf8',
        input: `${scene.line('down')}\n`,
        timeout: 15_000,
      },
    );

  test.each([
    ['one process', 'certwatch.js', ['check', '127.0.0.1:1']],
    ['supervised', 'certwatch.js', ['check', '-f', '-']],
    ['the plugin', 'check_certwatch.js', ['-H', '127.0.0.1', '-p', '1']],
  ])('the targets are looked at all the same: %s', (_, program, args) => {
    const { stdout, status } = inNoFolder(program, ...args);
    expect(stdout).toContain('connection refused');
    expect(status).toBe(3);
  });
});
