/**
 * Commands with a certain end.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type GroupOptions, runGroup, Tail } from '../../src/renew/process-group.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { tempFolder } from '../support/temp-folder.ts';

const run = async (argv: readonly [string, ...string[]], options: Partial<GroupOptions> = {}) => {
  const deadline = Deadline.after(10_000);
  const started: number[] = [];
  const end = await runGroup(argv, {
    deadline,
    timeoutMs: 10_000,
    env: { PATH: '/usr/bin:/bin' },
    kill: process.kill,
    onStart: (pgid) => started.push(pgid),
    ...options,
  });
  deadline.release();
  return { end, started };
};
const sh = (script: string): [string, ...string[]] => ['/bin/sh', '-c', script];

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
  const { end } = await run(['/usr/bin/env'], { env: { ONLY: 'this' } });
  expect(end).toMatchObject({ kind: 'exited', code: 0, output: 'ONLY=this\n' });
});

test('an end by a signal', async () => {
  expect((await run(sh('kill -KILL $$'))).end).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
});

test('a command that is not there, or may not be run', async () => {
  for (const command of ['/nonexistent/command', '/etc/passwd']) {
    expect((await run([command])).end).toMatchObject({ kind: 'not-started', reason: expect.stringContaining(command) });
  }
});

test('a folder that is not there', async () => {
  expect((await run(['/bin/true'], { cwd: '/nonexistent/folder' })).end).toMatchObject({ kind: 'not-started' });
});

test('a grandchild that keeps the output open delays nobody and does not stay', async () => {
  await using folder = await tempFolder();
  const pids = folder.at('pids');
  const { end } = await run(sh(`(echo "$$" >/dev/null; exec sleep 300) & echo $! > ${pids}; echo done`));
  expect(end).toMatchObject({ kind: 'exited', code: 0, output: 'done\n' });
  await gone(Number(readFileSync(pids, 'utf8')));
});

test('deaf to SIGTERM: killed with all that it has started', async () => {
  await using folder = await tempFolder();
  const pids = folder.at('pids');
  const { end, started } = await run(
    sh(`trap '' TERM; (trap '' TERM; sleep 300) & echo $! > ${pids}; echo before; while :; do sleep 1; done`),
    { timeoutMs: 300 },
  );
  expect(end).toMatchObject({ kind: 'timeout', output: 'before\n' });
  for (const pid of [Number(readFileSync(pids, 'utf8')), started[0]!]) await gone(pid);
});

test('SIGTERM comes first', async () => {
  const { end } = await run(sh(`trap 'echo tidied; exit 0' TERM; while :; do sleep 0.05; done`), { timeoutMs: 300 });
  expect(end).toMatchObject({ kind: 'timeout', output: expect.stringContaining('tidied\n') });
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
