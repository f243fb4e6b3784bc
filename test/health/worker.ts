/**
 * A process of its own for the tests of the lock: built to one file and started many times, so that they can be killed.
 * Arguments: what to do, and its options as JSON. Answers with JSON lines on the standard output.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireLock, type Lock, readLock } from '../../src/health/lock.ts';
import { realProcesses } from './process-double.ts';

interface Options {
  readonly dir: string;
  readonly deadlineMs?: number;
  readonly deaf?: boolean;
  /** Starts a process in a group of its own, as a hook is. */
  readonly hook?: boolean;
  readonly rounds?: number;
  readonly abandon?: boolean;
}

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function take({ dir, deadlineMs }: Options): Promise<Lock | undefined> {
  const taken = await acquireLock({
    dir,
    command: 'check',
    now: Date.now,
    processes: realProcesses(),
    ...(deadlineMs === undefined ? {} : { deadlineAt: Date.now() + deadlineMs }),
  });
  if (taken.ok) return taken.value;
  if (taken.error.kind === 'unusable') say({ unusable: taken.error.message });
  return undefined;
}

const DOING = 'check, 312 of 5000 targets';

/** What stands in the lock. */
async function readDoing(dir: string): Promise<string | undefined> {
  const held = await readLock({ dir, command: 'check', now: Date.now, processes: realProcesses() });
  return held.ok ? held.value?.doing : undefined;
}

/** Takes the lock, says so, and never ends by itself. */
async function hold(options: Options): Promise<void> {
  if (options.deaf) process.on('SIGTERM', () => {});
  const lock = await take(options);
  lock?.doing(DOING);
  while (lock && (await readDoing(options.dir)) !== DOING) await sleep(1);
  const hook = options.hook ? spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }) : undefined;
  say({ held: lock !== undefined, ...(hook ? { hook: hook.pid } : {}) });
  await sleep(60_000);
}

/**
 * Takes the lock again and again, and looks each time whether it is alone inside. With `abandon` it never gives it back: the
 * process ends with the lock in its hand.
 */
async function contend(options: Options): Promise<void> {
  const mark = join(options.dir, 'inside');
  let taken = 0;
  let overlaps = 0;
  for (let round = 0; round < (options.rounds ?? 1); round++) {
    const lock = await take(options);
    if (!lock) continue;
    taken++;
    try {
      closeSync(openSync(mark, 'wx'));
      await sleep(1);
      unlinkSync(mark);
    } catch {
      overlaps++;
    }
    appendFileSync(join(options.dir, 'log'), `${process.pid}\n`);
    if (options.abandon) break;
    await lock.release();
  }
  say({ taken, overlaps });
  process.exit(0);
}

const [what, json] = process.argv.slice(2) as [string, string];
const options = JSON.parse(json) as Options;
await (what === 'hold' ? hold(options) : contend(options));
