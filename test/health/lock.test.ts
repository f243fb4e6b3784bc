/**
 * The lock with real processes: who gets it, who is turned away, what a killed or a stuck holder does to the next run.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AcquireOptions, acquireLock, type HeldBy, type Lock, readLock } from '../../src/health/lock.ts';
import { describePreviousRun } from '../../src/health/previous-run.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { realProcesses } from './process-double.ts';
import { buildWorker, startWorker, type Worker } from './workers.ts';

let built: TempFolder;
let worker: string;
const workers: Worker[] = [];

beforeAll(async () => {
  built = await tempFolder('lock-worker');
  worker = await buildWorker('worker.ts', built.path);
});
afterAll(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await Promise.all(workers.map(({ ended }) => ended));
  await built.remove();
});

const start = (what: 'hold' | 'contend', options: object, detached = false): Worker => {
  const started = startWorker(worker, [what, JSON.stringify(options)], { detached });
  workers.push(started);
  return started;
};

/** A process that holds the lock of `dir`, past its deadline or not. */
async function holder(
  dir: string,
  options: { stuck?: boolean; deaf?: boolean; detached?: boolean } = {},
): Promise<Worker> {
  const { stuck, detached, ...rest } = options;
  const started = start('hold', { dir, deadlineMs: stuck ? 0 : 3_600_000, ...rest }, detached);
  expect(await started.next()).toEqual({ held: true });
  return started;
}

const acquire = (dir: string, over: Partial<AcquireOptions> = {}) =>
  acquireLock({ dir, command: 'check', now: Date.now, processes: realProcesses(), ...over });

/** As if an hour had gone by; what has no deadline or a longer one is not stuck then either. */
const laterProcesses = () => ({
  ...realProcesses(),
  sinceBootMs: async () => ((await realProcesses().sinceBootMs()) ?? 0) + 60_000,
});

async function taken(dir: string, over: Partial<AcquireOptions> = {}): Promise<Lock> {
  const result = await acquire(dir, over);
  if (!result.ok) throw new Error(`not taken: ${JSON.stringify(result.error)}`);
  return result.value;
}

async function refused(dir: string, over: Partial<AcquireOptions> = {}): Promise<HeldBy> {
  const result = await acquire(dir, over);
  if (result.ok || result.error.kind !== 'held') throw new Error(`not held: ${JSON.stringify(result)}`);
  return result.error;
}

describe('taking and giving back', () => {
  test('a free lock is taken without a word, given back, and taken again', async () => {
    await using dir = await tempFolder();
    const first = await taken(dir.at('state'));
    expect(first.notes).toEqual([]);
    await first.release();
    const second = await taken(dir.at('state'));
    expect(second.notes).toEqual([]);
    await second.release();
    expect(await readdir(dir.at('state', 'check.lock'))).toEqual(['2']);
  });

  test('a live holder is told about: who, since when, at what, and how many it has turned away', async () => {
    await using dir = await tempFolder();
    const lock = await taken(dir.path, { deadlineAt: Date.now() + 60_000 });
    lock.doing('check, 312 of 5000 targets');
    await expect.poll(async () => (await refused(dir.path)).doing).toBe('check, 312 of 5000 targets');
    const held = await refused(dir.path);
    expect(held).toMatchObject({ stuck: false, owner: { pid: process.pid, command: 'check' } });
    const before = held.turnedAway;
    const finding = describePreviousRun(await refused(dir.path));
    expect(finding).toMatchObject({ code: 'previous-run-running', exitCode: 3, data: { runsInARow: before + 1 } });
    await lock.release();
    const next = await taken(dir.path);
    expect(next.turnedAway).toBe(before + 1);
    await next.release();
    const after = await taken(dir.path);
    expect(after.turnedAway).toBe(0);
    await after.release();
  });

  test('each command has a lock of its own', async () => {
    await using dir = await tempFolder();
    const check = await taken(dir.path);
    const renew = await taken(dir.path, { command: 'renew' });
    await Promise.all([check.release(), renew.release()]);
  });

  test('who may wait gets it as soon as it is free, and gives up at the deadline', async () => {
    await using dir = await tempFolder();
    const lock = await taken(dir.path);
    const short = Deadline.after(150);
    expect((await refused(dir.path, { wait: short })).stuck).toBe(false);
    const long = Deadline.after(15_000);
    const waiting = taken(dir.path, { wait: long });
    await lock.release();
    await (await waiting).release();
    long.release();
  });

  test('looking at it takes nothing', async () => {
    await using dir = await tempFolder();
    const look = () => readLock({ dir: dir.path, command: 'check', now: Date.now, processes: realProcesses() });
    expect(await look()).toEqual({ ok: true, value: undefined });
    const lock = await taken(dir.path);
    expect(await look()).toMatchObject({ ok: true, value: { owner: { pid: process.pid }, turnedAway: 0 } });
    await lock.release();
    expect(await look()).toEqual({ ok: true, value: undefined });
  });
});

describe('a holder that is gone', () => {
  test('killed, its lock is taken over, and that is said', async () => {
    await using dir = await tempFolder();
    const killed = await holder(dir.path);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const lock = await taken(dir.path);
    expect(lock.notes).toEqual([
      expect.stringMatching(/^took over the lock of process \d+ \(check, 312 of 5000 targets;/),
    ]);
    await lock.release();
  });

  const garbage: [string, string | undefined][] = [
    ['an empty file', ''],
    ['text', 'locked\n'],
    ['another program’s JSON', '{"pid":1}\n{"pid":1}\n'],
    ['a file cut short', undefined],
    ['a huge one', 'x'.repeat(100_000)],
    ['a number that is none', `${'{}'.padEnd(191)}\n${JSON.stringify({ schema: 'certwatch/lock@1', pid: -1 })}\n`],
  ];
  test.each(garbage)('%s in its place is taken over with a note', async (_name, text) => {
    await using dir = await tempFolder();
    const lock = await taken(dir.path);
    const path = dir.at('check.lock', '1');
    const whole = await readFile(path, 'utf8');
    await lock.release();
    await writeFile(path, text ?? whole.slice(0, -40));
    const next = await taken(dir.path);
    expect(next.notes).toEqual([expect.stringContaining('was ignored')]);
    await next.release();
  });

  test('a file where the folder belongs is replaced with a note', async () => {
    await using dir = await tempFolder();
    await dir.write('check.lock', '4711\n');
    const lock = await taken(dir.path);
    expect(lock.notes).toEqual([expect.stringContaining('was no folder')]);
    await lock.release();
  });

  test('a state directory that cannot be used is one sentence', async () => {
    await using dir = await tempFolder();
    await dir.write('file', '');
    expect(await acquire(dir.at('file', 'state'))).toEqual({
      ok: false,
      error: { kind: 'unusable', message: expect.stringMatching(/^the lock .* cannot be used \(.*no folder\)$/) },
    });
    await mkdir(dir.at('check.lock', '1'), { recursive: true });
    // A folder as a lock file: ignored like any other garbage.
    await (await taken(dir.path)).release();
  });
});

describe('a holder that is stuck', () => {
  test('is critical, counted, and left alone unless told otherwise', async () => {
    await using dir = await tempFolder();
    const stuck = await holder(dir.path, { stuck: true });
    const processes = laterProcesses();
    await refused(dir.path, { processes });
    const finding = describePreviousRun(await refused(dir.path, { processes }));
    expect(finding).toMatchObject({
      code: 'previous-run-stuck',
      severity: 'critical',
      exitCode: 2,
      data: { pid: stuck.child.pid, doing: 'check, 312 of 5000 targets', runsInARow: 2 },
    });
    expect(finding.data.ageSeconds).toBeGreaterThanOrEqual(60);
    expect(stuck.child.exitCode).toBe(null);
  });

  test.each([
    ['by SIGTERM', { stuck: true }, 'SIGTERM'],
    ['by SIGKILL where it does not listen', { stuck: true, deaf: true }, 'SIGKILL'],
    ['by SIGKILL with its group', { stuck: true, deaf: true, detached: true }, 'SIGKILL'],
  ] as const)('is ended %s', async (_name, options, signal) => {
    await using dir = await tempFolder();
    const stuck = await holder(dir.path, options);
    const lock = await taken(dir.path, {
      processes: laterProcesses(),
      endStuck: true,
      patience: { termMs: options === undefined || 'deaf' in options ? 100 : 15_000, killMs: 15_000 },
    });
    expect((await stuck.ended).signal).toBe(signal);
    expect(lock).toMatchObject({ endedStuck: true, notes: [expect.stringMatching(/^ended process \d+/)] });
    await lock.release();
  });

  test('goes with the hook that it was stuck on', async () => {
    await using dir = await tempFolder();
    const stuck = start('hold', { dir: dir.path, deadlineMs: 0, deaf: true, hook: true });
    const { hook } = (await stuck.next()) as { hook: number };
    const processes = laterProcesses();
    expect(await processes.look(hook)).toMatchObject({ group: hook, parent: stuck.child.pid });
    const patience = { termMs: 100, killMs: 15_000 };
    await (await taken(dir.path, { processes, endStuck: true, patience })).release();
    await expect.poll(() => processes.look(hook)).toBe(undefined);
  });

  test('one that is within its time is never ended', async () => {
    await using dir = await tempFolder();
    const live = await holder(dir.path);
    expect((await refused(dir.path, { processes: laterProcesses(), endStuck: true })).stuck).toBe(false);
    expect(live.child.exitCode ?? live.child.signalCode).toBe(null);
  });

  test('a process that took over its number is not touched', async () => {
    await using dir = await tempFolder();
    const stuck = await holder(dir.path, { stuck: true });
    const real = laterProcesses();
    const signals: unknown[] = [];
    let looks = 0;
    const processes = {
      ...real,
      // Looked at a first time it is the holder; from then on another process has its number.
      look: async (pid: number) => {
        const seen = await real.look(pid);
        return pid === stuck.child.pid && seen && ++looks > 1 ? { ...seen, start: '1' } : seen;
      },
      kill: (...signal: unknown[]) => signals.push(signal) > 0,
    };
    await (await taken(dir.path, { processes, endStuck: true })).release();
    expect(signals).toEqual([]);
  });
});

describe('many at once', () => {
  const PROCESSES = 6;

  test('exactly one is inside at any time, however often it changes hands', async () => {
    await using dir = await tempFolder();
    const all = Array.from({ length: PROCESSES }, () => start('contend', { dir: dir.path, rounds: 150 }));
    const answers = await Promise.all(all.map((each) => each.next()));
    expect(answers.map((answer) => answer?.overlaps)).toEqual(all.map(() => 0));
    const log = await readFile(dir.at('log'), 'utf8');
    expect(log.trim().split('\n')).toHaveLength(answers.reduce((sum, answer) => sum + Number(answer?.taken), 0));
    expect(await readdir(dir.at('check.lock')).then((names) => names.filter((name) => name.endsWith('.tmp')))).toEqual(
      [],
    );
    await Promise.all(all.map(({ ended }) => ended));
  });

  test('of all who find a dead holder exactly one takes over at a time', async () => {
    await using dir = await tempFolder();
    const dead = await holder(dir.path);
    dead.child.kill('SIGKILL');
    await dead.ended;
    const all = Array.from({ length: PROCESSES }, () =>
      start('contend', { dir: dir.path, rounds: 100, abandon: true }),
    );
    const answers = await Promise.all(all.map((each) => each.next()));
    expect(answers.map((answer) => answer?.overlaps)).toEqual(all.map(() => 0));
    expect(answers.filter((answer) => answer?.taken === 1).length).toBeGreaterThan(0);
    await Promise.all(all.map(({ ended }) => ended));
  });
});
