/**
 * Runs a command that has a certain end: in a process group of its own, with a limit inside the deadline, SIGTERM and
 * then SIGKILL to all that it has started, output captured and capped. A hook that ignores SIGTERM, forks, or leaves a
 * grandchild holding its output open delays nobody.
 *
 * A command that ends by itself may leave something running on purpose: a server that a reload has started. That stays, and
 * what it prints later is still read by somebody, since a server that writes to a pipe without a reader is ended by SIGPIPE.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Deadline } from '../../time/deadline.ts';
import { pause } from '../../time/pause.ts';
import type { Kill } from './kill.ts';
import { MARK, marked, READS_FOR, signalAway, signalMarked } from './marked.ts';
import { whyNotStarted } from './not-started.ts';

export interface GroupOptions {
  readonly deadline: Deadline;
  /** Limit for this command, milliseconds. */
  readonly timeoutMs: number;
  /** The whole environment, but for CERTWATCH_MARK. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What its environment tells all that it starts from everything else by; nobody else's. */
  readonly mark: string;
  readonly cwd?: string;
  readonly kill: Kill;
  readonly onStart?: (pgid: number) => void;
  /** It has ended, or was ended: nothing in the group is to be touched any more. */
  readonly onEnd?: (pgid: number) => void;
}

export type GroupEnd = { readonly output: string } & (
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  /** `left`: something of it could not be ended. */
  | { readonly kind: 'timeout'; readonly afterMs: number; readonly left: boolean }
  | { readonly kind: 'not-started'; readonly reason: string }
);

/** The end of the output says why something failed; what goes before is dropped. */
const MOST_OUTPUT = 16 * 1024;

/** From SIGTERM to SIGKILL. */
export const TERM_GRACE_MS = 1_000;

/** From SIGKILL to the end of the process. */
const REAP_MS = 500;

/** How often it is looked at whether something is gone. */
const LOOK_MS = 20;

/** Once the command has ended, its output may still be on its way; a grandchild may hold the pipe for ever. */
const DRAIN_MS = 200;

export async function runGroup(argv: readonly [string, ...string[]], options: GroupOptions): Promise<GroupEnd> {
  if (options.deadline.expired) return { kind: 'timeout', afterMs: 0, left: false, output: '' };
  const { spawn } = await import('node:child_process');
  const startedAt = performance.now();
  const [command, ...args] = argv;
  let child: ChildProcess;
  try {
    child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...options.env, [MARK]: options.mark },
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
  } catch (cause) {
    return { kind: 'not-started', reason: await whyNotStarted(command, cause, options.cwd), output: '' };
  }
  const tail = new Tail();
  child.stdout?.on('data', (chunk: Buffer) => tail.add(chunk));
  child.stderr?.on('data', (chunk: Buffer) => tail.add(chunk));
  const { pid } = child;
  if (pid === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
    return { kind: 'not-started', reason: await whyNotStarted(command, cause, options.cwd), output: '' };
  }
  child.on('error', () => {});
  options.onStart?.(pid);
  const limit = Deadline.after(options.timeoutMs, options.deadline);
  const end = await ended(child, { pid, limit, options });
  limit.release();
  if ('grace' in end) {
    const left = await endAll(child, { pid, grace: end.grace, options });
    return { kind: 'timeout', afterMs: Math.round(performance.now() - startedAt), left, output: tail.text() };
  }
  await letGo(child, { mark: options.mark, tail });
  const output = tail.text();
  return end.signal === null
    ? { kind: 'exited', code: end.code ?? 0, output }
    : { kind: 'signalled', signal: end.signal, output };
}

interface Ending {
  readonly pid: number;
  readonly limit: Deadline;
  readonly options: GroupOptions;
}

type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** SIGTERM was sent. Until then what else it has started may end by itself, too. */
type OutOfTime = { readonly grace: Deadline };

function ended(child: ChildProcess, { pid, limit, options }: Ending): Promise<Exit | OutOfTime> {
  const { kill, mark, onEnd } = options;
  return new Promise((resolve) => {
    let grace: Deadline | undefined;
    const forget = limit.onExpire(() => {
      signalGroup(kill, pid, 'SIGTERM');
      void signalAway(mark, { group: pid, signal: 'SIGTERM', kill });
      const until = Deadline.after(TERM_GRACE_MS);
      until.onExpire(() => resolve({ grace: until }));
      grace = until;
    });
    child.once('exit', (code, signal) => {
      if (grace) return resolve({ grace });
      forget();
      onEnd?.(pid);
      resolve({ code, signal });
    });
  });
}

/** Everything that it has started goes, wherever that has gone to. @returns whether something is still there. */
async function endAll(
  child: ChildProcess,
  { pid, grace, options }: { readonly pid: number; readonly grace: Deadline; readonly options: GroupOptions },
): Promise<boolean> {
  const { kill, mark, onEnd } = options;
  while (!grace.expired && (await marked(mark)).length > 0) await pause(LOOK_MS, grace);
  grace.release();
  signalGroup(kill, pid, 'SIGKILL');
  await signalMarked(mark, { signal: 'SIGKILL', kill });
  // Mostly gone at once; what hangs in the kernel is not waited for.
  const reap = Deadline.after(REAP_MS);
  while (!reap.expired && (child.exitCode ?? child.signalCode) === null) await pause(LOOK_MS, reap);
  await closed(child);
  child.stdout?.destroy();
  child.stderr?.destroy();
  let left = await marked(mark);
  while (!reap.expired && left.length > 0) {
    await pause(LOOK_MS, reap);
    left = await marked(mark);
  }
  reap.release();
  onEnd?.(pid);
  return left.length > 0;
}

interface Heirs {
  readonly mark: string;
  readonly tail: Tail;
}

/** Takes what it has printed; where something goes on that may print more, somebody else reads that from now on. */
async function letGo(child: ChildProcess, to: Heirs): Promise<void> {
  if (await closed(child)) return;
  for (const stream of [child.stdout, child.stderr]) if (stream && !stream.readableEnded) await handOver(stream, to);
}

/** @returns false where somebody holds the output open. */
function closed(child: ChildProcess): Promise<boolean> {
  const open = [child.stdout, child.stderr].filter((stream) => stream && !stream.closed);
  return new Promise((resolve) => {
    if (open.length === 0) return resolve(true);
    const drain = setTimeout(() => resolve(false), DRAIN_MS);
    child.once('close', () => {
      clearTimeout(drain);
      resolve(true);
    });
  });
}

/** A process of its own reads and forgets, for as long as anybody has the other end. */
async function handOver(stream: Readable, { mark, tail }: Heirs): Promise<void> {
  const { spawn } = await import('node:child_process');
  stream.pause();
  const reader = spawn('/bin/sh', ['-c', 'exec cat >/dev/null'], {
    detached: true,
    cwd: '/',
    stdio: [stream, 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin', [READS_FOR]: mark },
  });
  reader.on('error', () => {});
  reader.unref();
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) tail.add(chunk as Buffer);
  stream.destroy();
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
