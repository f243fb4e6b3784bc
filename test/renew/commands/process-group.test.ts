/**
 * Commands with a certain end.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { marked } from '../../../src/renew/commands/marked.ts';
import { type GroupOptions, runGroup, Tail } from '../../../src/renew/commands/process-group.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { buildWorker } from '../../support/renew/worker.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';

const run = async (argv: readonly [string, ...string[]], options: Partial<GroupOptions> = {}) => {
  const deadline = Deadline.after(10_000);
  const started: number[] = [];
  const end = await runGroup(argv, {
    deadline,
    timeoutMs: 10_000,
    env: { PATH: '/usr/bin:/bin' },
    mark: randomUUID(),
    kill: process.kill,
    onStart: (pgid) => started.push(pgid),
    ...options,
  });
  deadline.release();
  return { end, started };
};
const sh = (script: string): [string, ...string[]] => ['/bin/sh', '-c', script];

/** Its limit comes as soon as this file is there, with something in it: what it starts on a busy machine takes a while. */
async function runUntil(file: string, argv: readonly [string, ...string[]], options: Partial<GroupOptions> = {}) {
  const deadline = Deadline.none();
  const running = run(argv, { deadline, ...options });
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await pause(5);
  deadline.expire();
  return running;
}

/** SIGKILL is sent, not obeyed at once: waits until the process is gone, or a zombie that its adopter has yet to bury. */
async function gone(pid: number): Promise<true> {
  for (;;) {
    try {
      if (/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await pause(10);
  }
}

test('its status and both of its streams', async () => {
  const { end } = await run(sh('echo out; echo err >&2; exit 3'));
  expect(end).toMatchObject({ kind: 'exited', code: 3 });
  expect(end.output.split('\n').sort()).toEqual(['', 'err', 'out']);
});

test('only the environment that it is given', async () => {
  const { end } = await run(['/usr/bin/env'], { env: { ONLY: 'this' }, mark: 'mark' });
  expect(end).toMatchObject({ kind: 'exited', code: 0, output: 'ONLY=this\nCERTWATCH_MARK=mark\n' });
});

test('an end by a signal', async () => {
  expect((await run(sh('kill -KILL $$'))).end).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
});

describe('a command that cannot be started says why in words', () => {
  test.each([
    ['/nonexistent/command', 'there is no such file'],
    ['no-such-program-here', 'no such program in any folder of PATH'],
    ['/etc/passwd', 'it may not be executed (chmod +x)'],
  ])('%s', async (command, reason) => {
    expect((await run([command])).end).toMatchObject({ kind: 'not-started', reason });
  });

  test('its interpreter is not there', async () => {
    await using folder = await tempFolder('not-started');
    const script = await folder.write('hook', '#!/nonexistent/sh\n');
    await chmod(script, 0o755);
    const reason = 'what its first line (#!) or it itself is run by is not there';
    expect((await run([script])).end).toMatchObject({ kind: 'not-started', reason });
  });

  test('its folder is not there', async () => {
    expect((await run(['/bin/true'], { cwd: '/nonexistent/folder' })).end).toMatchObject({
      kind: 'not-started',
      reason: 'the folder /nonexistent/folder, which it runs in, is not there',
    });
  });
});

const lines = (path: string): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length : 0);

/** Whoever writes a line there again and again still does: a test whose writer has ended does not end by itself. */
async function goesOn(path: string): Promise<void> {
  const before = lines(path);
  while (lines(path) < before + 20) await pause(20);
}

/** The processes that read for what a command with this mark has left running. */
const readersFor = (mark: string): Promise<number[]> => marked(mark, 'CERTWATCH_READS_FOR');

describe('what a command has started that ended by itself', () => {
  test.each([0, 3])('with exit status %i: stays, and may print', async (code) => {
    await using folder = await tempFolder();
    const [self, ticks] = [folder.at('self'), folder.at('ticks')];
    const server = `while :; do echo tick; echo tick >> ${ticks}; sleep 0.02; done`;
    const { end } = await run(sh(`nohup sh -c '${server}' & echo $! > ${self}; echo done; exit ${code}`));
    expect(end).toMatchObject({ kind: 'exited', code, output: expect.stringContaining('done\n') });
    const pid = Number(readFileSync(self, 'utf8'));
    await goesOn(ticks);
    process.kill(pid, 'SIGKILL');
    await gone(pid);
  });

  test('stays when certwatch has ended, and whoever reads for it ends when it does', async () => {
    await using folder = await tempFolder();
    await using worker = await buildWorker(join(import.meta.dirname, 'command-worker.ts'));
    const [self, ticks, mark] = [folder.at('self'), folder.at('ticks'), folder.at('mark')];
    const server = `while :; do echo tick; echo tick >&2; echo tick >> ${ticks}; sleep 0.02; done`;
    const command = `echo $CERTWATCH_MARK > ${mark}; nohup sh -c '${server}' & echo $! > ${self}`;
    const runner = spawn(process.execPath, [worker.file, command], { stdio: 'inherit' });
    expect(await once(runner, 'exit')).toEqual([0, null]);
    await goesOn(ticks);
    const word = readFileSync(mark, 'utf8').trim();
    // One for each of its streams.
    expect(await readersFor(word)).toHaveLength(2);
    process.kill(Number(readFileSync(self, 'utf8')), 'SIGKILL');
    while ((await readersFor(word)).length > 0) await pause(10);
  });
});

describe('what has left the group', () => {
  const away = (folder: TempFolder, trap: string) =>
    `setsid sh -c '${trap}; echo $$ > ${folder.at('away')}; while :; do sleep 0.05; done' & while :; do sleep 0.05; done`;
  const pidIn = (folder: TempFolder) => Number(readFileSync(folder.at('away'), 'utf8'));

  test('hears SIGTERM at the limit, and is gone afterwards', async () => {
    await using folder = await tempFolder();
    const trap = `trap "echo once >> ${folder.at('heard')}; exit" TERM`;
    const { end } = await runUntil(folder.at('away'), sh(away(folder, trap)));
    expect(end).toMatchObject({ kind: 'timeout', left: false });
    await gone(pidIn(folder));
    expect(readFileSync(folder.at('heard'), 'utf8')).toBe('once\n');
  });

  test('deaf to SIGTERM: is killed', async () => {
    await using folder = await tempFolder();
    const { end } = await runUntil(folder.at('away'), sh(away(folder, 'trap "" TERM')));
    expect(end).toMatchObject({ kind: 'timeout', left: false });
    await gone(pidIn(folder));
  });

  test('may not be killed: that is told', async () => {
    await using folder = await tempFolder();
    const { end } = await runUntil(folder.at('away'), sh(away(folder, 'trap "" TERM')), {
      kill: (pid, signal) => {
        if (pid > 0) throw new Error('EPERM');
        process.kill(pid, signal);
      },
    });
    expect(end).toMatchObject({ kind: 'timeout', left: true });
    process.kill(pidIn(folder), 'SIGKILL');
    await gone(pidIn(folder));
  });
});

test('deaf to SIGTERM: killed with all that it has started', async () => {
  await using folder = await tempFolder();
  const pids = folder.at('pids');
  const script = `trap '' TERM; (trap '' TERM; sleep 300) & echo before; echo $! > ${pids}; while :; do sleep 1; done`;
  const { end, started } = await runUntil(pids, sh(script));
  expect(end).toMatchObject({ kind: 'timeout', output: 'before\n' });
  for (const pid of [Number(readFileSync(pids, 'utf8')), started[0]!]) await gone(pid);
});

test('SIGTERM comes first', async () => {
  await using folder = await tempFolder();
  const script = `trap 'echo tidied; exit 0' TERM; echo > ${folder.at('ready')}; while :; do sleep 0.05; done`;
  const { end } = await runUntil(folder.at('ready'), sh(script));
  expect(end).toMatchObject({ kind: 'timeout', output: expect.stringContaining('tidied\n') });
});

test('its own limit comes before the deadline', async () => {
  const { end } = await run(['/bin/sleep', '300'], { timeoutMs: 200, deadline: Deadline.none() });
  expect(end).toMatchObject({ kind: 'timeout', left: false });
});

test('nothing is begun after the deadline', async () => {
  const deadline = Deadline.after(60_000);
  deadline.expire();
  const { end, started } = await run(['/bin/true'], { deadline });
  expect(end).toMatchObject({ kind: 'timeout' });
  expect(started).toEqual([]);
});

test('output is capped: the end of it is kept', async () => {
  const { end } = await run(sh('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done'));
  expect(end.output.length).toBeLessThan(17_000);
  expect(end.output).toMatch(/^…/);
  expect(end.output).toMatch(/line 19999\n$/);
});

test('a tail keeps its last bytes however they come', () => {
  const tail = new Tail();
  for (let i = 0; i < 5_000; i += 1) tail.add(Buffer.from(String(i % 10)));
  expect(tail.text()).toHaveLength(5_000);
  tail.add(Buffer.alloc(100_000, 'x'));
  expect(tail.text()).toBe(`…${'x'.repeat(16 * 1024)}`);
});
