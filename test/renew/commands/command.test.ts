/**
 * Commands of the config: what they are told, how they end, and that nothing of them is left.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readProcess } from '../../../src/files/proc.ts';
import { type CommandContext, runCommand } from '../../../src/renew/commands/command.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { shell, words } from '../../support/renew/stage.ts';
import { buildWorker } from '../../support/renew/worker.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const RENEWAL = { name: 'www', domains: ['www.shop.example', '*.shop.example'], live: '/etc/live', environment: {} };

async function run(command: Parameters<typeof runCommand>[0], more: Partial<CommandContext> & { ms?: number } = {}) {
  const { ms = 10_000, ...rest } = more;
  const deadline = Deadline.after(ms);
  try {
    return await runCommand(command, {
      renewal: RENEWAL,
      step: 'reload',
      deadline,
      timeoutMs: ms,
      env: { PATH: process.env.PATH },
      kill: (pid, signal) => process.kill(pid, signal),
      ...rest,
    });
  } finally {
    deadline.release();
  }
}

/** Once nobody of this number runs (a zombie does not): a test whose process stays does not end by itself. */
async function gone(pid: number): Promise<void> {
  while ((await readProcess(pid)) !== undefined) await pause(10);
}

/** A file that holds a number, once it does. */
async function numberIn(path: string): Promise<number> {
  for (;;) {
    const number = Number(await readFile(path, 'utf8').catch(() => ''));
    if (number > 0) return number;
    await pause(5);
  }
}

test('words are words: no shell reads them', async () => {
  expect(await run(words('printf', '%s|', 'a b', '$HOME', '"; ls', '*'))).toEqual({
    ok: true,
    value: 'a b|$HOME|"; ls|*|',
  });
});

test('a shell reads what was asked to be read by one', async () => {
  expect(await run(shell('echo $((1 + 1)) | tr 2 3'))).toEqual({ ok: true, value: '3\n' });
});

test('the environment is what is documented, and the config’s own', async () => {
  const renewal = { ...RENEWAL, environment: { COLOUR: 'blue', CERTWATCH_NAME: 'not this' } };
  const result = await run(shell('env | grep -E "^(CERTWATCH|COLOUR)" | sort'), {
    renewal,
    ms: 9_900,
    puttingBack: true,
  });
  const told = result.ok ? result.value.trim().split('\n') : [];
  expect(told.filter((line) => !line.startsWith('CERTWATCH_MARK='))).toEqual([
    'CERTWATCH_DEADLINE=9',
    'CERTWATCH_DOMAINS=www.shop.example *.shop.example',
    'CERTWATCH_LIVE=/etc/live',
    'CERTWATCH_NAME=www',
    'CERTWATCH_PUT_BACK=1',
    'CERTWATCH_REHEARSAL=',
    'CERTWATCH_STEP=reload',
    'COLOUR=blue',
  ]);
});

test('the way it ends is told, with what it printed on both streams', async () => {
  const result = await run(shell('echo one; echo two >&2; exit 7'));
  expect(result).toMatchObject({
    ok: false,
    error: { reason: 'reload-failed', detail: expect.stringContaining('exit status 7') },
  });
  expect(!result.ok && result.error.output?.trim().split('\n').sort()).toEqual(['one', 'two']);
  expect(await run(shell('kill -ABRT $$'))).toMatchObject({
    ok: false,
    error: { detail: expect.stringContaining('SIGABRT') },
  });
  expect(await run(words('/nonexistent/program'))).toMatchObject({
    ok: false,
    error: { reason: 'reload-not-started' },
  });
  expect(await run(words('/'))).toMatchObject({ ok: false, error: { reason: 'reload-not-started' } });
});

test('output without end is capped, and its end is kept', async () => {
  const result = await run(shell('head -c 5000000 /dev/zero | tr "\\0" x; echo the end; exit 1'));
  expect(!result.ok && result.error.output?.length).toBeLessThan(20_000);
  expect(!result.ok && result.error.output).toMatch(/^….*the end\n$/s);
});

test('its input is empty: who reads it does not wait', async () => {
  expect(await run(words('cat'))).toEqual({ ok: true, value: '' });
});

describe('nothing is left', () => {
  test('of one that ignores SIGTERM and has forked', { timeout: 15_000 }, async () => {
    await using folder = await tempFolder('command');
    const [self, child] = [folder.at('self'), folder.at('child')];
    const command = shell(
      `trap "" TERM; sh -c 'trap "" TERM; echo $$ > ${child}; while :; do sleep 1; done' & echo $$ > ${self}; while :; do sleep 1; done`,
    );
    const deadline = Deadline.none();
    const running = run(command, { deadline });
    const pids = await Promise.all([self, child].map(numberIn));
    deadline.expire();
    expect(await running).toMatchObject({ ok: false, error: { reason: 'reload-timeout' } });
    for (const pid of pids) await gone(pid);
  });

  test('but what a command has left running that ended well: also when certwatch is killed right after', async () => {
    await using folder = await tempFolder('command');
    await using worker = await buildWorker(join(import.meta.dirname, 'command-worker.ts'));
    const command = `sleep 100 & echo $! > ${folder.at('child')}`;
    const runner = spawn(process.execPath, [worker.file, command, 'stay'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(runner.stdout, 'data');
    const ended = once(runner, 'exit');
    runner.kill('SIGKILL');
    await ended;
    const child = await numberIn(folder.at('child'));
    // A guardian that took it for its own would need less.
    await pause(500);
    expect(await readProcess(child)).toBeDefined();
    process.kill(child, 'SIGKILL');
    await gone(child);
  });

  test('when certwatch itself is killed while one runs', { timeout: 20_000 }, async () => {
    await using folder = await tempFolder('command');
    await using worker = await buildWorker(join(import.meta.dirname, 'command-worker.ts'));
    // One of them leaves the group.
    const away = `setsid sh -c 'echo $$ > ${folder.at('away')}; exec sleep 100' &`;
    const runner = spawn(process.execPath, [
      worker.file,
      `${away} sleep 100 & echo $! > ${folder.at('child')}; echo $$ > ${folder.at('self')}; wait`,
    ]);
    const pids = await Promise.all(['self', 'child', 'away'].map((name) => numberIn(folder.at(name))));
    const ended = once(runner, 'exit');
    runner.kill('SIGKILL');
    await ended;
    for (const pid of pids) await gone(pid);
  });
});
