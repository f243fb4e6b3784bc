/**
 * One run at a time: the lock of a command in the state directory. A killed holder's lock is taken over, a live holder's is
 * respected and told about, a stuck holder is told about and ended where that is wished. Never a silent skip.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import { Deadline } from '../time/deadline.ts';
import { formatDuration } from '../time/duration.ts';
import { pause } from '../time/pause.ts';
import { endHolder, type Patience, patienceWithin } from './end-holder.ts';
import { Lock } from './held-lock.ts';
import { type Held, judgeHolding } from './holder.ts';
import { formatLock, type LockOwner } from './lock-file.ts';
import { type Current, LockFolder } from './lock-folder.ts';
import { printable } from './printable.ts';
import type { ProcessTable } from './process-table.ts';
import { clearTurnedAway, countTurnedAway, readTurnedAway } from './turned-away.ts';

export { Lock } from './held-lock.ts';

export interface AcquireOptions {
  /** The state directory; made where it is missing. */
  readonly dir: string;
  /** `check`, `renew`: each command has a lock of its own. */
  readonly command: string;
  /** Milliseconds since the epoch by which this run will have ended; absent for none, and then it never counts as stuck. */
  readonly deadlineAt?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly processes: ProcessTable;
  /** Ends a holder that is past its own deadline. */
  readonly endStuck?: boolean;
  readonly patience?: Patience;
  /** How long a live holder is waited for; without it not at all. */
  readonly wait?: Deadline;
}

/** The lock is another's. */
export interface HeldBy extends Held {
  readonly kind: 'held';
  /** How many runs in a row this holder has turned away, this one included. */
  readonly turnedAway: number;
  /** Why `endStuck` could not end it. */
  readonly notEnded?: string;
}

/** The state directory cannot be used: one sentence. */
export interface Unusable {
  readonly kind: 'unusable';
  readonly message: string;
}

/** What stands in the way of a lock is looked at anew so often while it is waited for. */
const LOOK_EVERY_MS = 100;

/** So much of a run's own time may go into ending the one before it. */
const END_STUCK_SHARE = 0.25;

export const lockFolder = (dir: string, command: string): string => join(dir, `${command}.lock`);

/**
 * Takes the lock. Without `wait` it answers at once; with `endStuck`, within the patience for a stuck holder.
 */
export async function acquireLock(options: AcquireOptions): Promise<Result<Lock, HeldBy | Unusable>> {
  const attempt = new Attempt(options);
  try {
    return await attempt.run();
  } catch (cause) {
    return err({ kind: 'unusable', message: unusable(options, cause) });
  }
}

class Attempt {
  readonly #options: AcquireOptions;
  readonly #folder: LockFolder;
  readonly #notes = new Set<string>();
  #turnedAway = 0;
  #endedStuck = false;
  #notEnded: string | undefined;

  constructor(options: AcquireOptions) {
    this.#options = options;
    this.#folder = new LockFolder(lockFolder(options.dir, options.command));
  }

  /** @throws the system's error where the folder cannot be used. */
  async run(): Promise<Result<Lock, HeldBy>> {
    if (await this.#folder.create()) this.#notes.add(`${this.#folder.path} was no folder and has been replaced`);
    for (;;) {
      const seen = await this.#folder.current();
      const held = await this.#heldBy(seen);
      if (!held) {
        const lock = await this.#take(seen);
        if (lock) return ok(lock);
      } else if (!(await this.#mayTryAgain(held))) {
        const turnedAway = await countTurnedAway(this.#folder.path, held.owner.token);
        const notEnded = this.#notEnded;
        return err({ kind: 'held', ...held, turnedAway, ...(notEnded === undefined ? {} : { notEnded }) });
      }
    }
  }

  /** @returns who holds it, if anyone; notes down what is odd about a lock that nobody holds. */
  async #heldBy(seen: Current): Promise<Held | undefined> {
    if (seen.kind === 'none') return undefined;
    if (seen.kind === 'garbage') {
      this.#notes.add(`the lock file ${this.#folder.at(seen.generation)} was ignored: ${seen.why}`);
      return undefined;
    }
    const holding = await judgeHolding(seen.content, this.#options.now(), this.#options.processes);
    if (holding.kind === 'held') return holding.held;
    if (holding.kind === 'abandoned' && !this.#endedStuck) {
      this.#notes.add(`took over the lock of ${describe(holding.held)}, which ${holding.why}`);
    }
    return undefined;
  }

  async #take(seen: Current): Promise<Lock | undefined> {
    const { command, now } = this.#options;
    const owner = await makeOwner(this.#options);
    const doing = `${command}, starting`;
    const taken = await this.#folder.take(seen, formatLock({ ...owner, takenAt: now() }, doing), owner.token);
    if (!taken.ok) return undefined;
    await this.#folder.clearBelow(taken.value.generation);
    if (seen.kind === 'lock') {
      this.#turnedAway = await readTurnedAway(this.#folder.path, seen.content.owner.token);
    }
    await clearTurnedAway(this.#folder.path);
    if (owner.start === undefined) {
      this.#notes.add(
        'this system has no /proc: a killed run is told from a live one by its process number and its deadline',
      );
    }
    const details = { notes: [...this.#notes], turnedAway: this.#turnedAway, endedStuck: this.#endedStuck };
    return new Lock(taken.value.handle, doing, details);
  }

  /** Ends a stuck holder once, waits for a live one: false when neither helps any more. */
  async #mayTryAgain(held: Held): Promise<boolean> {
    const { endStuck, wait, processes } = this.#options;
    if (held.stuck && endStuck && this.#notEnded === undefined) {
      const within = wait ?? Deadline.none();
      this.#notEnded = await endHolder(held.owner, processes, { within, patience: this.#patience() });
      if (this.#notEnded !== undefined) return false;
      this.#endedStuck = true;
      this.#notes.add(`ended ${describe(held)}, which was past its own deadline`);
      return true;
    }
    if (!wait || wait.expired) return false;
    await pause(LOOK_EVERY_MS, wait);
    return true;
  }

  /** Of the time of the run that takes its place, most is for that run. */
  #patience(): Patience {
    const { patience, deadlineAt = Number.POSITIVE_INFINITY, now } = this.#options;
    return patience ?? patienceWithin((deadlineAt - now()) * END_STUCK_SHARE);
  }
}

/** What stands in the lock file now, for `certwatch status`: takes nothing and changes nothing. */
export async function readLock(
  options: Pick<AcquireOptions, 'dir' | 'command' | 'now' | 'processes'>,
): Promise<Result<HeldBy | undefined, string>> {
  const folder = new LockFolder(lockFolder(options.dir, options.command));
  try {
    const seen = await folder.current();
    if (seen.kind !== 'lock') return ok(undefined);
    const holding = await judgeHolding(seen.content, options.now(), options.processes);
    if (holding.kind !== 'held') return ok(undefined);
    const turnedAway = await readTurnedAway(folder.path, holding.held.owner.token);
    return ok({ kind: 'held', ...holding.held, turnedAway });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ok(undefined);
    return err(unusable(options, cause));
  }
}

async function makeOwner({ command, deadlineAt, now, processes }: AcquireOptions): Promise<LockOwner> {
  const [place, self, sinceBoot] = await Promise.all([
    processes.place(),
    processes.look(processes.pid),
    processes.sinceBootMs(),
  ]);
  const takenAt = now();
  return {
    token: randomBytes(8).toString('hex'),
    command,
    pid: processes.pid,
    host: processes.host,
    takenAt,
    ...place,
    ...(self ? { start: self.start } : {}),
    ...(sinceBoot === undefined ? {} : { takenSinceBootMs: sinceBoot }),
    ...(deadlineAt === undefined ? {} : { deadlineMs: Math.max(0, Math.round(deadlineAt - takenAt)) }),
  };
}

function describe({ owner, doing, ageMs }: Held): string {
  return `process ${owner.pid} (${printable(doing || owner.command)}; started ${formatDuration(ageMs)} ago)`;
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted, or the file system has no hard links',
  ENOTSUP: 'the file system has no hard links',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'a part of its path is no folder',
  ENOENT: 'its folder is gone, or none can be made there',
  EOVERFLOW: 'a file in it has a number that is too high: remove that folder',
};

function unusable({ dir, command }: Pick<AcquireOptions, 'dir' | 'command'>, cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) throw cause;
  return `the lock ${lockFolder(dir, command)} cannot be used (${WORDS[code] ?? code})`;
}
