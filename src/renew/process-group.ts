/**
 * Runs a command that has a certain end: in a process group of its own, with a limit inside the deadline, SIGTERM and
 * then SIGKILL to the whole group, output captured and capped. A hook that ignores SIGTERM, forks, or leaves a
 * grandchild holding its output open delays nobody: when the command itself has ended, what is left of its group is
 * killed. (A process that leaves the group by setsid is out of reach.)
 */
import type { ChildProcess } from 'node:child_process';
import { Deadline } from '../time/deadline.ts';

/** Signals a process, or with a negative number its group; as `process.kill`. */
export type Kill = (pid: number, signal: NodeJS.Signals | 0) => unknown;

export interface GroupOptions {
  readonly deadline: Deadline;
  /** Limit for this command, milliseconds. */
  readonly timeoutMs: number;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly kill: Kill;
  readonly onStart?: (pgid: number) => void;
  readonly onEnd?: (pgid: number) => void;
}

export type GroupEnd = { readonly output: string } & (
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'not-started'; readonly reason: string }
);

/** The end of the output says why something failed; what goes before is dropped. */
const MOST_OUTPUT = 16 * 1024;

/** From SIGTERM to SIGKILL. */
export const TERM_GRACE_MS = 1_000;

/** From SIGKILL to the end of the process. */
const REAP_MS = 500;

/** Once the command has ended, its output may still be on its way; a grandchild may hold the pipe for ever. */
const DRAIN_MS = 200;

export async function runGroup(argv: readonly [string, ...string[]], options: GroupOptions): Promise<GroupEnd> {
  if (options.deadline.expired) return { kind: 'timeout', afterMs: 0, output: '' };
  const { spawn } = await import('node:child_process');
  const startedAt = performance.now();
  const [command, ...args] = argv;
  let child: ChildProcess;
  try {
    child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...options.env },
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
  } catch (cause) {
    return { kind: 'not-started', reason: (cause as Error).message, output: '' };
  }
  const tail = new Tail();
  child.stdout?.on('data', (chunk: Buffer) => tail.add(chunk));
  child.stderr?.on('data', (chunk: Buffer) => tail.add(chunk));
  const { pid } = child;
  if (pid === undefined) {
    const reason = await new Promise<string>((resolve) => child.once('error', (cause) => resolve(cause.message)));
    return { kind: 'not-started', reason, output: '' };
  }
  child.on('error', () => {});
  options.onStart?.(pid);
  const limit = Deadline.after(options.timeoutMs, options.deadline);
  const end = await ended(child, { pid, limit, kill: options.kill });
  limit.release();
  signalGroup(options.kill, pid, 'SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  options.onEnd?.(pid);
  const output = tail.text();
  if (end === 'timeout') return { kind: 'timeout', afterMs: Math.round(performance.now() - startedAt), output };
  return end.signal === null
    ? { kind: 'exited', code: end.code ?? 0, output }
    : { kind: 'signalled', signal: end.signal, output };
}

interface Ending {
  readonly pid: number;
  readonly limit: Deadline;
  readonly kill: Kill;
}

type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

function ended(child: ChildProcess, { pid, limit, kill }: Ending): Promise<Exit | 'timeout'> {
  return new Promise((resolve) => {
    let killing: NodeJS.Timeout | undefined;
    const forget = limit.onExpire(() => {
      signalGroup(kill, pid, 'SIGTERM');
      killing = setTimeout(() => {
        signalGroup(kill, pid, 'SIGKILL');
        // Mostly gone at once, and `exit` says so; one that hangs in the kernel is not waited for.
        killing = setTimeout(() => settle('timeout'), REAP_MS);
      }, TERM_GRACE_MS);
    });
    const settle = (end: Exit | 'timeout') => {
      forget();
      clearTimeout(killing);
      resolve(end);
    };
    child.once('exit', (code, signal) => {
      const end = limit.expired ? 'timeout' : { code, signal };
      const drain = setTimeout(() => settle(end), DRAIN_MS);
      child.once('close', () => {
        clearTimeout(drain);
        settle(end);
      });
    });
  });
}

/** A group that is gone already is as good as killed. */
export function signalGroup(kill: Kill, pgid: number, signal: NodeJS.Signals): void {
  try {
    kill(-pgid, signal);
  } catch {
    // ESRCH: nobody is left in it.
  }
}

/** Keeps the last so many bytes of what is added. */
export class Tail {
  #chunks: Buffer[] = [];
  #size = 0;
  #dropped = false;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size > MOST_OUTPUT && this.#chunks.length > 0) {
      const first = this.#chunks[0]!;
      const surplus = this.#size - MOST_OUTPUT;
      this.#dropped = true;
      if (first.length <= surplus) {
        this.#chunks.shift();
        this.#size -= first.length;
      } else {
        this.#chunks[0] = first.subarray(surplus);
        this.#size -= surplus;
      }
    }
  }

  text(): string {
    return (this.#dropped ? '…' : '') + Buffer.concat(this.#chunks).toString('utf8');
  }
}
